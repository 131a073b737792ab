"""The API in front of the world: routes, limits, faults, the server."""
