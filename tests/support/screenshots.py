"""Pictures of the pages, to be looked at: `python -m tests.support.screenshots FOLDER`, a few minutes.

Reports of one account, of 200, and of a lake that is not well; a statement; the workpaper of `verify`. Each in light,
in dark, on a phone, and as it is printed. Nothing is compared: whether a page looks right is for eyes.
"""

from __future__ import annotations

import base64
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

import connector
from connector.core.units import DAY
from connector.reporting.statement.page import to_text
from connector.verification.calls import verify
from tests.support.browser import showing
from tests.support.lakes import config_for, data_files, run, sandbox
from tests.support.statements import fill, world

if TYPE_CHECKING:
    from tests.support.browser import Tab

LOOKS = {
    "light": {"width": 1200},
    "dark": {"width": 1200, "dark": True},
    "phone": {"width": 390},
    "print": {"width": 794, "printed": True},
}
"""What a page is looked at with; 794 points are A4."""

TALLEST = 16_000
"""Pixels that are pictured of a page."""

PIECE = 2_400
"""Pixels of one picture."""

MANY = 200


def lakes(folder: Path) -> dict[str, Path]:
    """Make the lakes."""
    one, many, unwell = (folder / name for name in ("one", "many", "unwell"))
    with sandbox(world(6_000, days=300, connected=0, currencies=("eur", "usd", "jpy"))) as served:
        fill(one, served)
        anyio.run(lambda: verify(one, config=config_for(served), sample=3))
        shutil.copytree(one, unwell)
        served.add_rows(count=3, created=served.world.end - 40 * DAY)
        run(unwell, served)
        anyio.run(lambda: verify(unwell, config=config_for(served)))
    files = sorted(data_files(unwell))
    (unwell / files[40]).unlink()
    (unwell / files[90]).write_bytes(b"damaged")
    (unwell / files[120]).write_bytes((unwell / files[120]).read_bytes()[:-9])
    with sandbox(world(12_000, days=60, connected=MANY - 1)) as served:
        fill(many, served)
    for path in sorted(data_files(many))[:: len(data_files(many)) // 15]:
        (many / path).unlink()
    return {"one": one, "many": many, "unwell": unwell}


def pages(folder: Path) -> list[Path]:
    """Make the pages."""
    found: list[Path] = []
    for name, lake in lakes(folder).items():
        connector.run_report(lake, output=folder / f"report-{name}.html")
        found.append(folder / f"report-{name}.html")
    lake = folder / "one"
    frozen = {"month": "2026-10", "timezone": "Europe/Paris", "compare": "2026-09", "freeze": True}
    stated = anyio.run(lambda: connector.statement(lake, **frozen))
    found += [folder / "statement.html", folder / "workpaper.html", folder / "workpaper-unwell.html"]
    found[-3].write_text("".join(to_text(stated)))
    connector.write_workpaper(connector.run_verify(lake, offline=True), found[-2])
    connector.write_workpaper(connector.run_verify(folder / "unwell", offline=True), found[-1])
    return found


async def picture(page: Path, to: Path) -> None:
    """Take the pictures of one page."""
    for name, look in LOOKS.items():
        options = {key: value for key, value in look.items() if key != "printed"}
        with tempfile.TemporaryDirectory() as profile:
            async with showing(page, Path(profile), **options) as tab:
                if look.get("printed"):
                    await tab.ask("Emulation.setEmulatedMedia", media="print")
                    printed = await tab.ask("Page.printToPDF", preferCSSPageSize=True)
                    (to / f"{page.stem}-{name}.pdf").write_bytes(base64.b64decode(printed["data"]))
                await shoot(tab, to, f"{page.stem}-{name}")


async def shoot(tab: Tab, to: Path, name: str) -> None:
    """Write what a page looks like, in pieces of a size that one can look at."""
    size = await tab.value("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    for top in range(0, min(size[1], TALLEST), PIECE):
        clip = {"x": 0, "y": top, "width": size[0], "height": min(PIECE, size[1] - top), "scale": 1}
        shot = await tab.ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        (to / f"{name}-{top // PIECE:02d}.png").write_bytes(base64.b64decode(shot["data"]))


async def main(to: Path) -> None:
    """Write all pictures to a folder that is there."""
    with tempfile.TemporaryDirectory() as folder:
        for page in await anyio.to_thread.run_sync(pages, Path(folder)):
            shutil.copy(page, to)
            await picture(page, to)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    anyio.run(main, folder)
