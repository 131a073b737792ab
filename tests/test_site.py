"""The site has every page, every public name and every column, and asks no other host for anything."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import connector
from tests.support.columns_pages import PAGES, render, tables

ROOT = Path(__file__).parents[1]
GROUND = re.compile(r'<rect width="[0-9%]+" height="[0-9%]+" fill="(?:white|#fff)')
CONCEPTS = ["Window", "Coverage", "Settle", "Witness", "Parked", "Verdict"]
PICTURE = re.compile(r"!\[([^]]*)\]\(([^)]+)\)")


@pytest.fixture
def site(monkeypatch):
    """What builds the site, by the names of its modules."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "site"))
    return importlib.import_module


def test_no_page_is_left_out_of_the_table_of_contents(site):
    contents = site("contents")
    listed = [page for part in contents.CONTENTS.values() for page in part if page.endswith(".md")]
    there = {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")}
    decisions = {page for page in there if page.startswith("docs/decisions/0")}
    others = {"CHANGELOG.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"}
    assert sorted(listed) == sorted((there - decisions) | others)


def test_the_start_page_leads_to_every_part_and_the_list_of_decisions_to_each(site, tmp_path):
    site("stage").main(tmp_path / "source")
    start = (tmp_path / "source" / "index.md").read_text("utf-8")
    parts = site("contents").CONTENTS
    assert re.findall("^:caption: (.+)$", start, re.MULTILINE) == list(parts)
    assert all(page in start and (tmp_path / "source" / page).is_file() for part in parts.values() for page in part)
    listed = (tmp_path / "source" / "docs/decisions/README.md").read_text("utf-8").rpartition("toctree")[2]
    assert listed.split()[2:-1] == sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))


def test_every_public_name_is_in_the_reference_once_and_says_what_it_is(site, tmp_path):
    site("stage").main(tmp_path / "source")
    pages = "\n".join(page.read_text("utf-8") for page in (tmp_path / "source" / "reference").glob("*.rst"))
    named = re.findall(r"^\.\. (?:autofunction|autoclass|py:data):: connector\.(\w+)$", pages, re.MULTILINE)
    assert sorted(named) == sorted(connector.__all__)
    modules = re.findall(r"^\.\. automodule:: connector\.(\w+)$", pages, re.MULTILINE)
    assert {*modules, "events"} == set(connector._MODULES)
    aliases = re.findall(r"^\.\. py:data:: connector\.(\w+)\n\n   (.*)$", pages, re.MULTILINE)
    assert aliases
    assert all(said.strip() for _name, said in aliases)


@pytest.mark.parametrize("table", tables())
def test_a_page_on_columns_is_what_the_schema_says(table):
    assert (PAGES / f"{table}.md").read_text("utf-8") == render(table)


def test_every_table_has_its_page_on_columns():
    assert sorted(page.stem for page in PAGES.glob("*.md")) == tables()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_every_picture_says_what_it_shows_and_a_drawing_is_readable_on_a_dark_page(page):
    for says, path in PICTURE.findall(page.read_text("utf-8")):
        assert len(says) > 20, path
        if path.endswith(".svg"):
            drawn = (page.parent / path).read_text("utf-8")
            assert "prefers-color-scheme: dark" in drawn or GROUND.search(drawn), path


def test_each_concept_has_one_drawing_and_leads_to_where_it_is_said_in_full():
    sections = (ROOT / "docs" / "concepts.md").read_text("utf-8").split("\n## ")[1:]
    assert [section.partition("\n")[0] for section in sections] == CONCEPTS
    for section in sections:
        assert [path for _says, path in PICTURE.findall(section)] == [
            f"concepts/{section.partition(chr(10))[0].lower()}.svg"
        ]
        assert re.search(r"(?<!!)\[[^]]+\]\([a-z0-9/#-]+\.md", section)


PAGE = """<html><head><link rel="canonical" href="https://docs.example.com/"></head>
<body id="top"><h1 id="one">One</h1>%s</body></html>"""


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<a href="gone.html">x</a>', "a.html: gone.html leads nowhere"),
        ('<a href="b.html#two">x</a>', "a.html: b.html#two is no place on that page"),
        ('<a href="#two">x</a>', "a.html: #two is no place on that page"),
        ('<img src="gone.svg">', "a.html: gone.svg leads nowhere"),
        ('<script src="https://cdn.example.com/x.js"></script>', "a.html: asks https://cdn.example.com/x.js"),
        ('<img src="//cdn.example.com/x.png">', "a.html: asks //cdn.example.com/x.png"),
        ('<link rel="stylesheet" href="https://cdn.example.com/x.css">', "a.html: asks https://cdn.example.com/x.css"),
        ('<link rel="preconnect" href="https://cdn.example.com">', "a.html: asks https://cdn.example.com"),
        ("<style>@import 'https://cdn.example.com/x.css'</style>", "a.html: asks https://cdn.example.com/x.css"),
        ('<p style="background: url(//cdn.example.com/x)">', "a.html: asks //cdn.example.com/x"),
        ("<script>fetch('https://cdn.example.com/x')</script>", "a.html: asks https://cdn.example.com/x"),
    ],
)
def test_a_link_that_leads_nowhere_and_whatever_another_host_is_asked_for_are_told(site, tmp_path, html, said):
    (tmp_path / "a.html").write_text(PAGE % html)
    (tmp_path / "b.html").write_text(PAGE % "")
    assert site("check").problems(tmp_path) == [said]


def test_styles_and_scripts_of_the_site_may_not_ask_another_host_either(site, tmp_path):
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example.com/x.woff2') }")
    (tmp_path / "a.js").write_text("import('https://cdn.example.com/x.js')")
    assert site("check").problems(tmp_path) == [
        "a.css: asks https://fonts.example.com/x.woff2",
        "a.js: asks https://cdn.example.com/x.js",
    ]


def test_links_that_lead_somewhere_and_those_that_a_reader_follows_elsewhere_are_fine(site, tmp_path):
    (tmp_path / "a.html").write_text(
        PAGE % '<a href="b.html#one">b</a> <a href="#top">top</a> <a href="https://example.com/x">elsewhere</a>'
    )
    (tmp_path / "b.html").write_text(PAGE % '<img src="data:image/png;base64,AAAA">')
    assert site("check").problems(tmp_path) == []
