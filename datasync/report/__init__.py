"""The Data Sync page: what it knows (pages), how its data are written (shards), how it is published (render, site)."""
