"""Where everything is kept: append-only Parquet logs, snapshots, runs, under one root."""
