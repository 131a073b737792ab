"""How calls run: from ordinary code, side by side, by which clock, and stopped from outside."""
