"""The journal in memory, which keeps virtual time: for simulations."""
