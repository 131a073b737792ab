"""Every account of a platform, or years of one, brought into one lake by tasks on the executors."""

from __future__ import annotations

import os

from pyspark.sql import SparkSession

import connector
import connector.spark

LAKE = os.environ.get("STRIPE_LAKE", "s3://lake/stripe")

spark = SparkSession.builder.appName("stripe").getOrCreate()
try:
    report = connector.spark.sync(spark, LAKE, all_accounts=True, rate=20)
except connector.AccountsError as error:  # the others are complete
    print(*(f"{account}: {failure}" for account, failure in error.errors.items()), sep="\n")
    raise
print(report["outcome"], sum(account["rows_new"] for account in report["accounts"]), "new rows")

if "://" not in LAKE:  # where Spark reads the same disk
    spark.catalog.refreshByPath(f"{LAKE}/balance_transactions")
    rows = spark.read.parquet(f"{LAKE}/balance_transactions")
    rows.groupBy("account", "currency").sum("net").show()
