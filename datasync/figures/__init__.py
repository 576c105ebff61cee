"""Every number, and the answer to why a product is where it is."""
