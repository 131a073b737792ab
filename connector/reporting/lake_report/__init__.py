"""The report on a whole lake: facts once, and renderers of the same facts as text, JSON and one HTML page."""
