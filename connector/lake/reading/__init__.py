"""From data files back to rows."""
