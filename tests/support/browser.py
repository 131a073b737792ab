"""A browser in tests: headless Chromium by its own protocol, over a loopback socket."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.fakes import ENDLESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
PHONE = 600
LOADED = "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))"
INSTALL = "no Chromium here: apt-get install chromium"
WORDS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-port=0",
)
"""Headless, without a thought of its own for the network, and with no name that leads anywhere."""


@dataclass
class Tab:
    """A page that is open.

    Attributes:
        messages: what its console and its log said.
        requests: addresses it asked for, its own among them.
    """

    socket: aiohttp.ClientWebSocketResponse
    messages: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])
    _number: int = 0

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Carry out one command of the protocol."""
        self._number += 1
        await self.socket.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(ENDLESS_SECONDS):
            while True:
                told = await self.socket.receive_json()
                if told.get("id") == self._number:
                    assert "error" not in told, told
                    return told["result"]
                self._hear(told)

    async def value(self, expression: str) -> Any:
        """Return what an expression comes to on the page."""
        found = await self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def _hear(self, told: dict[str, Any]) -> None:
        method, params = told.get("method"), told.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method in {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}:
            self.messages.append(str(params))


@asynccontextmanager
async def showing(page: Path, profile: Path, *, width: int = 1200, dark: bool = False) -> AsyncGenerator[Tab]:
    """Show a page for the length of the block."""
    assert PROGRAM is not None
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *WORDS,
        f"--user-data-dir={profile}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(ENDLESS_SECONDS):
            while b"DevTools listening on " not in (line := await process.stderr.readline()):
                assert line, "the browser ended"
        port = line.rsplit(b":", 1)[1].split(b"/")[0].decode()
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                address = next(one for one in await answer.json() if one["type"] == "page")["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await tab.ask(f"{domain}.enable")
                size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < PHONE}
                await tab.ask("Emulation.setDeviceMetricsOverride", **size)
                scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
                await tab.ask("Emulation.setEmulatedMedia", features=[scheme])
                await tab.ask("Page.navigate", url=page.as_uri())
                await tab.value(LOADED)
                yield tab
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
