"""Reports on a lake: facts once, and renderers of the same facts as text, JSON, CSV and HTML."""
