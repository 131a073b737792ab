"""Times, calendar periods, and sets of half-open intervals of UTC seconds."""
