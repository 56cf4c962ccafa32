"""The journal in PostgreSQL, which processes on many hosts share. Imported only where one is asked for."""
