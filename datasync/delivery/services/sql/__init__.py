"""Services that are tables of SQL databases: PostgreSQL and SQLite."""
