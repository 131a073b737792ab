"""New rows into a folder, as often as this is started: all that has settled since the last time, and then it ends."""

from __future__ import annotations

import os

from pyspark.sql import SparkSession

PLACE = os.environ.get("STRIPE_ROWS", "s3://lake/rows")

spark = SparkSession.builder.appName("stripe").getOrCreate()
rows = (
    spark.readStream.format("stripe_balance")
    .option("since", "2026-01-01")
    .option("lateness", "3600")  # what became visible up to an hour late comes with a later batch
    .option("pages_per_batch", "500")
    .load()
)
query = (
    rows.withWatermark("created", "2 hours")
    .dropDuplicatesWithinWatermark(["id"])  # each batch begins an hour before the end of the last one
    .writeStream.option("checkpointLocation", f"{PLACE}-checkpoint")
    .trigger(availableNow=True)
    .start(path=PLACE, format="parquet")
)
query.awaitTermination()
