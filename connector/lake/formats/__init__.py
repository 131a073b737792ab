"""The formats of data files: Parquet, Arrow, JSON lines."""
