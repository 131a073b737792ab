"""The lake: from runs of rows to durable files, and back."""
