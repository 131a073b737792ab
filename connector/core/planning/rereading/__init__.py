"""What is read again: rows that are due or bare, files that are lost, seconds known to lack rows."""
