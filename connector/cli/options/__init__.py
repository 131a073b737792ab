"""Options of the command line: names, help, values, and what they come to."""
