"""October's charges, straight from Stripe: read once, kept where they can be read again."""

from __future__ import annotations

import os

from pyspark.sql import SparkSession

PLACE = os.environ.get("STRIPE_ROWS", "s3://lake/october")

spark = SparkSession.builder.appName("stripe").getOrCreate()
rows = (
    spark.read.format("stripe_balance")
    .schema("id string, created timestamp, currency string, net bigint, fee bigint")  # no other column is made
    .option("since", "2026-10-01")
    .option("until", "2026-11-01")
    .option("type", "charge")
    .load()
)
rows.write.mode("overwrite").parquet(PLACE)  # each action reads from Stripe again: the first one writes
spark.read.parquet(PLACE).groupBy("currency").sum("net", "fee").show()
