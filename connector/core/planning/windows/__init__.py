"""Which windows of time are walked next, and where they are cut."""
