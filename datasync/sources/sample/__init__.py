"""The shop that ships with datasync."""
