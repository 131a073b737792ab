"""A picture of a report's page, taken by Chromium; it carries what it shows, so that another can be told from it."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import sys
import tempfile
import zlib
from calendar import month_abbr, month_name
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.browser import PROGRAM, showing

KEYWORD = b"Shows"
WIDTH, HEIGHT = 1200, 1350
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def can_photograph() -> bool:
    """Say whether there is a browser."""
    return PROGRAM is not None


def photographed(page: Path) -> bytes:
    """Return the first screen of a page as PNG, with what it shows beside it."""

    async def go() -> bytes:
        with tempfile.TemporaryDirectory(prefix="profile-", ignore_cleanup_errors=True) as profile:
            async with showing(page, Path(profile), width=WIDTH) as tab:
                await tab.ask("Emulation.setScrollbarsHidden", hidden=True)
                size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
                await tab.ask("Emulation.setDeviceMetricsOverride", **size)
                taken = await tab.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(taken["data"])

    return with_note(anyio.run(go), shows(page.read_text("utf-8")))


def shows(html: str) -> str:
    """Return the SHA-256 of a page's styles and of the distinct words of its headings, figures, ids, months aside."""
    kept = re.findall(
        r"<style.*?</style>|<(?:h[1-6]|th|dt|caption)\b.*?</", html, re.DOTALL
    )  # not what goes by the day
    plain = re.sub(r"\b(acct|po|ba|txn)_\w+", "id", "\n".join(kept))
    plain = re.sub(rf"\b(?:{'|'.join([*month_name[1:], *month_abbr[1:]])})\b", "month", plain)
    words = {re.sub(r"[\d.,:+-]*\d[\d.,:%-]*", "#", word) for word in re.split(r"[\s<>\"';/=(){}]+", plain)}
    return hashlib.sha256(" ".join(sorted(words)).encode()).hexdigest()


def with_note(png: bytes, note: str) -> bytes:
    """Return a picture that carries a note, in the chunk that PNG has for text."""
    head = len(_SIGNATURE) + 25  # what every picture begins with, up to the end of IHDR
    body = b"tEXt" + KEYWORD + b"\0" + note.encode("latin-1")
    return png[:head] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) + png[head:]


def note_of(png: bytes) -> str:
    """Return the note that a picture carries, or nothing."""
    found = re.search(rb"tEXt" + KEYWORD + rb"\0([0-9a-f]{64})", png)
    return found[1].decode() if found else ""
