"""From snapshots to the catalog log: what changes, and what the volume guard lets pass."""
