"""What sources and services that are SQL databases share: where a database is, and what its driver's errors mean."""
