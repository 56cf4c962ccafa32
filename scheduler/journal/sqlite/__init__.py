"""The journal of one host: a SQLite file in a state directory, with the lock that keeps runs apart."""
