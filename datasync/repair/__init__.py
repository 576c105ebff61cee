"""Damage: what of the store is not as it was written, what that costs, and what can truthfully be rebuilt."""
