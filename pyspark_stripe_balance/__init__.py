"""Where Spark looks for `format("stripe_balance")`: packages of such names hold data sources, as `DefaultSource`."""

from connector.spark.source import StripeBalanceSource as DefaultSource

__all__ = ["DefaultSource"]
