"""What to ask for next: each folder answers one question of it, which its first line says."""
