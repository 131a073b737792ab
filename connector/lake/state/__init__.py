"""What is recorded of a lake: manifests, intents, leases."""
