"""Catalogs from where they live to where they are needed, and a page that says what arrived."""
