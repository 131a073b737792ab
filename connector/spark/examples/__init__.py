"""Programs for Spark, as docs/spark.md shows them; the tests run them as they stand."""
