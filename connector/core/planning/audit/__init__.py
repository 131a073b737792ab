"""Which covered seconds are asked about again, and which rows the lake lacks by the answers."""
