"""What sources and services over HTTP share: sessions, credentials, budgets and deadlines."""
