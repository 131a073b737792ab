"""What the documentation shows of commands is what they print, and was printed by them."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SHOWN = sorted((DOCS / "recordings").glob("*.svg"))
QUICK = {"balance", "init", "wrong-key"}
MOST = 2_000_000
"""Bytes of all pictures together."""


@pytest.fixture
def tools(monkeypatch):
    """What records, by the names of its modules."""
    monkeypatch.syspath_prepend(str(DOCS / "site"))
    return importlib.import_module


@pytest.mark.parametrize(
    "name", [path.stem if path.stem in QUICK else pytest.param(path.stem, marks=pytest.mark.slow) for path in SHOWN]
)
def test_what_is_shown_is_what_the_command_prints(tools, name):
    record = tools("record")
    ((_, drawing),) = record.recorded([name], latency=0.0)
    there = (DOCS / "recordings" / f"{name}.svg").read_text("utf-8")
    words_of = tools("drawing").words_of
    assert record.gist(words_of(drawing)) == record.gist(words_of(there)), "run `make pictures`, and look at it"


@pytest.mark.slow
def test_the_picture_of_a_report_shows_what_its_page_does(tools):
    record, photo = tools("record"), tools("photo")
    page = record.reported()
    try:
        assert photo.note_of(record.PHOTO.read_bytes()) == photo.shows(page.read_text("utf-8")), "run `make pictures`"
    finally:
        shutil.rmtree(page.parent)


def test_every_recording_is_there_is_shown_on_a_page_and_can_be_read(tools):
    wanted = tools("record").RECORDINGS
    assert {path.stem for path in SHOWN} == wanted.keys()
    pages = "".join(path.read_text("utf-8") for path in [ROOT / "README.md", *DOCS.glob("*.md")])
    for path in SHOWN:
        assert f"recordings/{path.name})" in pages
        drawing = ET.fromstring(path.read_text("utf-8"))  # noqa: S314 - our own
        assert drawing.get("aria-label") == wanted[path.stem].says


def test_pictures_are_small_ask_nobody_and_keep_still_where_that_is_wanted():
    pictures = [path for path in DOCS.rglob("*") if path.suffix in {".svg", ".png"}]
    assert sum(path.stat().st_size for path in pictures) <= MOST
    for path in SHOWN:
        text = path.read_text("utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|<script|@import|url\(", text)
        assert ("@keyframes" in text) <= ("prefers-reduced-motion" in text)


def test_a_screen_shows_what_a_terminal_does(tools):
    screen = tools("screen").Screen()
    screen.feed("\x1b[?25lone\r\n\x1b[1;32mtwo\x1b[0m!\x1b[1A\r\x1b[2Kdone\r\n\n\x1b[38;5;237mend\x1b[0m \r\n")
    lines = screen.shown()
    assert ["".join(one for one, _ in line) for line in lines] == ["done", "two!", "end"]
    assert lines[1][0] == ("t", ("bold", "green"))
    assert lines[1][3] == ("!", ())
    assert lines[2][0] == ("e", ("dim",))
    for odd in ("\x1b[5m", "\x1b[2J", "\x1b]0;title\x07"):
        with pytest.raises(ValueError, match="not known here"):
            tools("screen").Screen().feed(odd)


def test_what_differs_from_run_to_run_is_no_change_and_a_word_is(tools):
    gist = tools("record").gist
    one = gist(["rows 4,000 in 101 files, 745 kB", "2026-10 ▁▄█ 12 rows", "done in 2.9 s at 2026-11-28 05:57:30 UTC"])
    two = gist(
        [
            "rows 1 in 1 file, 1.2 MB",
            "2026-10 █ 1 row",
            "2026-11 ·█ 9 rows",
            "done in 810 ms at 2027-01-01 00:00:00 UTC",
        ]
    )
    assert one == two
    assert gist(["all agrees"]) != gist(["all differs"])


def test_a_drawing_ends_with_what_was_shown_last_whatever_its_characters(tools):
    drawing, screen = tools("drawing"), tools("screen").Screen()
    screen.feed("a <b> & 'c'\r\n  two  words \x1b[2mdim\x1b[0m\r\n")
    made = drawing.drawn('says "this"', "x", [(), screen.shown()], columns=40)
    ET.fromstring(made)  # noqa: S314 - our own
    assert drawing.words_of(made) == ["$ x", "a <b> & 'c'", "two words dim"]
