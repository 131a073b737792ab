"""How other engines read a lake: for each of them the statement or call that gives a table whole, with its types."""
