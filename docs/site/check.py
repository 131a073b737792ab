"""Check a built site: `python docs/site/check.py FOLDER`.

Every link within it leads to a file and to a place in it, and no page has a browser ask another host for anything:
scripts, styles, fonts and pictures come from the site itself. Links that a reader may follow elsewhere are fine.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED_LINKS = {"stylesheet", "icon", "shortcut", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload"}
IN_STYLES = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])((?:https?:)?//[^'\")\s]+)")
IN_SCRIPTS = re.compile(r"(?:fetch|import|importScripts|open)\(\s*['\"]((?:https?:)?//[^'\"]+)")


@dataclass
class Seen(HTMLParser):
    """What a page says of itself: its places, what it links to, and what a browser fetches for it."""

    names: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element's attributes."""
        said = {name: value or "" for name, value in attrs}
        self.names |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        elif tag == "link" and FETCHED_LINKS & set(said.get("rel", "").split()):
            self.fetched.append(said["href"])
        self.fetched += [said[name] for name in ("src", "poster", "data") if name in said]
        self.fetched += [one.split()[0] for one in said.get("srcset", "").split(",") if one.split()]
        self.fetched += IN_STYLES.findall(said.get("style", ""))


def problems(folder: Path) -> list[str]:
    """Return a line for each link that leads nowhere, and each thing that another host would be asked for."""
    pages = {path: read(path) for path in sorted(folder.rglob("*.html"))}
    found = [line for path, page in pages.items() for line in of_page(path, page, pages, folder)]
    for path in sorted(folder.rglob("*.css")):
        found += [f"{path.relative_to(folder)}: asks {one}" for one in IN_STYLES.findall(path.read_text("utf-8"))]
    for path in sorted(folder.rglob("*.js")):
        found += [f"{path.relative_to(folder)}: asks {one}" for one in IN_SCRIPTS.findall(path.read_text("utf-8"))]
    return found


def read(path: Path) -> Seen:
    """Return what a page says of itself; its inline styles and scripts count as fetched where they name a host."""
    text, seen = path.read_text("utf-8"), Seen()
    seen.feed(text)
    for block in re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL):
        seen.fetched += IN_STYLES.findall(block)
    for block in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        seen.fetched += IN_SCRIPTS.findall(block)
    return seen


def of_page(path: Path, page: Seen, pages: dict[Path, Seen], folder: Path) -> list[str]:
    """Return the lines about one page."""
    place = path.relative_to(folder)
    lines = [f"{place}: asks {one}" for one in page.fetched if urlsplit(one).netloc]
    for link in [*page.links, *page.fetched]:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
        if not target.is_file():
            lines.append(f"{place}: {link} leads nowhere")
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
            lines.append(f"{place}: {link} is no place on that page")
    return lines


def main(folder: Path) -> int:
    """Print the problems; return the exit status."""
    found = problems(folder.resolve())
    for line in found:
        print(line, file=sys.stderr)  # noqa: T201 - what it is for
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
