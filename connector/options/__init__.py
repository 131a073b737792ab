"""Every option once: its name, type, default, meaning, the calls that take it, and its form on the command line."""
