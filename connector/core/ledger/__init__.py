"""Money: fees, payouts, balances and statements, in integers of the minor unit."""
