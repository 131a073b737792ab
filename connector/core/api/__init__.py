"""Stripe's API without the network: requests, pages, refusals, pace."""
