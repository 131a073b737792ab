"""Snapshots of the balance, kept in a lake."""
