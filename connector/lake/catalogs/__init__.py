"""The same files as a Delta table, or as Iceberg tables: lists of them, which follow the state."""
