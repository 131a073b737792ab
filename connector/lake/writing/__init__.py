"""From rows to one file a partition."""
