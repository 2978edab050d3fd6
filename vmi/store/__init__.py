"""The store: one database, SQLite or PostgreSQL, behind frames."""
