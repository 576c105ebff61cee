"""Sources over HTTP, read page by page."""
