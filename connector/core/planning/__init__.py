"""What to ask for next: windows, probes, refreshes, second witnesses, audits."""
