"""The settings file, `stripe-balance.toml`: what it may say, how it is read, written and taken over."""
