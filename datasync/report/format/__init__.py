"""The data files that the page loads: FORMAT.md says byte by byte what they are."""
