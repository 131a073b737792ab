from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import pytest

from connector.sandbox import Limits, Sandbox, World
from tests.support.fakes import ENDLESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]

    @property
    def ids(self) -> list[str]:
        return [member["id"] for member in self.json["data"]]


def ask(sandbox: Sandbox, path: str, *, key: str | None = None, method: str = "GET", body: Any = None, **headers: str):
    """One raw request on a connection of its own; header names have underscores for hyphens."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=ENDLESS_SECONDS)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given.setdefault("Authorization", f"Bearer {sandbox.key if key is None else key}")
    try:
        connection.request(method, path, body=None if body is None else orjson.dumps(body), headers=given)
        response = connection.getresponse()
        return Reply(response.status, dict(response.headers), response.read())
    finally:
        connection.close()


@pytest.fixture(scope="session")
def get() -> Callable[..., Reply]:
    return ask


@pytest.fixture(scope="module")
def open_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Make running sandboxes that end with the module; no limits and 500 rows unless told otherwise."""
    running: list[Sandbox] = []

    def start(*, limits: Limits | None = None, **options: Any) -> Sandbox:
        names = World.__dataclass_fields__
        world = World(**({"transactions": 500} | {k: v for k, v in options.items() if k in names}))
        knobs = {k: v for k, v in options.items() if k not in names}
        sandbox = Sandbox(world, limits=limits or Limits.none(), **knobs).start()
        running.append(sandbox)
        return sandbox

    yield start
    for sandbox in running:
        sandbox.stop()


@pytest.fixture(scope="module")
def quiet(open_sandbox) -> Sandbox:
    """A sandbox that a module only reads from."""
    return open_sandbox(transactions=3_000)
