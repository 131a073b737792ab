"""Settings: keys, hosts, salts and times as callers give them, checked once and passed down in parts."""
