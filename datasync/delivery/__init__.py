"""From the catalog to services: what each should hold, what it holds, and the difference, delivered."""
