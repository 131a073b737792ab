"""Proof that a lake is complete and right: checked layer by layer, against itself and against Stripe."""
