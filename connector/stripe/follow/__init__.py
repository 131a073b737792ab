"""New rows as they come."""
