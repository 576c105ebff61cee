"""From a source to a snapshot: when to pull, what to read, what a record means, and what is valid."""
