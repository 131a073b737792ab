"""A statement of one period: its facts once, and renderers of the same facts as text, JSON, CSV and HTML."""
