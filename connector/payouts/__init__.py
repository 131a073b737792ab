"""Payouts in a lake, and which balance transactions each of them paid out."""
