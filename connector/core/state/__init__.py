"""What a lake knows of itself: covered time, data files, partitions, drift."""
