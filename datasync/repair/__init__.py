"""Damage to the store: which files are not as they were written, what that costs, and what can be rebuilt."""
