"""Objects as received, to rows as written, and back."""
