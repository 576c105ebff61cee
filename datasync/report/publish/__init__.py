"""Page data to published files."""
