"""Pages in tests: what a browser would make of them, and the tables that are in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br"}


@dataclass
class TableRead:
    """A table of a page: its caption, and its lines as texts, the headings first."""

    caption: str = ""
    lines: list[list[str]] = field(default_factory=list[list[str]])


class PageRead(HTMLParser):
    """Reads a page strictly: every element is closed where it should be, and no id is there twice."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[TableRead] = []
        self.texts: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in VOID:
            return
        self._open.append(tag)
        if tag == "table":
            self.tables.append(TableRead())
        elif tag == "tr":
            self.tables[-1].lines.append([])
        elif tag in {"td", "th"}:
            self.tables[-1].lines[-1].append("")
        elif tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = set(self._open)
        if "style" not in inside:
            self.texts.append(data)
        if inside & {"td", "th"}:
            self.tables[-1].lines[-1][-1] += data
        elif "caption" in inside:
            self.tables[-1].caption += data
        elif inside & {"h1", "h2", "h3", "h4"}:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def table(self, caption: str) -> TableRead:
        """The only table whose caption begins like this."""
        (found,) = [one for one in self.tables if one.caption.startswith(caption)]
        return found
