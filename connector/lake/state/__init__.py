"""What is recorded of a lake: states, intents, leases."""
