"""What a run has to read, and which partitions are whole by it: only those become visible."""
