"""The engine: starts targets under their lane's limits, follows their jobs, reconciles what is in doubt."""
