"""A verdict as a workpaper: a page, or JSON, to be kept with the books."""
