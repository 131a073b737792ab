"""Words, tables and bars for people."""
