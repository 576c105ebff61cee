"""The kind `opensearch`: products as documents of an index, behind an alias for each scope."""
