"""Files that somebody exports: CSV, JSON lines, Parquet and XLSX."""
