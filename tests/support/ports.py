"""Ports for programs that are told which to listen at."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

PORTS = range(15_000, 32_000)
"""Below those that a system hands out (Linux from 32,768 on): no connection and no other server takes one meanwhile."""


def free_ports(count: int) -> list[int]:
    """Return so many ports of loopback that nobody listens at."""
    found: set[int] = set()
    while len(found) < count:
        port = secrets.choice(PORTS)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.add(port)
    return list(found)


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    return free_ports(1)[0]
