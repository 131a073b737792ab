"""The network: one file that knows aiohttp, and what is asked through it."""
