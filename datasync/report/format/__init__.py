"""The data files that the page loads, byte by byte."""
