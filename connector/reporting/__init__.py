"""Reports on a lake: facts once, and renderers of the same facts as text, JSON, CSV and HTML.

`statement` is of one period, `lake_report` of the whole lake, `workpaper` of a verdict. Beside them is what they share.
"""
