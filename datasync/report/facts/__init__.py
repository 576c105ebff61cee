"""What each view of the page knows."""
