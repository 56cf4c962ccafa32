"""A fleet: lanes of runs, carried out by processes on many hosts that share a journal in PostgreSQL."""
