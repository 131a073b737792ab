"""Decisions: nothing here awaits, sleeps, opens a file or looks at a clock."""
