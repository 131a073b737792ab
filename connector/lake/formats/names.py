"""Names of the formats, as they stand in states; without what writes them."""

from __future__ import annotations

TABLE_FORMATS = ("delta", "iceberg")
"""Names of the formats whose files are listed by tables."""

FORMAT_NAMES = ("parquet", "jsonl.zst", "jsonl.gz", "jsonl.plain", "arrow", *TABLE_FORMATS)
"""Names as they stand in states. `jsonl` is accepted for `jsonl.zst`."""
