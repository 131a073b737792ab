"""Pages in a browser: they ask for nothing, say nothing, fit a phone, and axe-core finds nothing to object to."""

from __future__ import annotations

import shutil
from pathlib import Path

import anyio
import pytest

import connector
from connector.reporting.statement.page import to_text
from tests.support.browser import INSTALL, PROGRAM, showing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason=INSTALL)]

OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true })"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HEADING = "document.querySelector('h1').innerText.replaceAll('\\n', ' ')"
SMALLEST = """Math.min(...[...document.querySelectorAll('main *')].filter(one => one.checkVisibility() && one.innerText)
    .map(one => parseFloat(getComputedStyle(one).fontSize)))"""

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
INSTALL_AXE = "no axe-core here: npm install --prefix tests --no-save axe-core@4.14.1"
RULES = "axe.run().then(found => found.passes.length + found.inapplicable.length)"
VIOLATIONS = "axe.run().then(found => found.violations.map(one => [one.id, one.nodes.map(node => node.html)]))"


@pytest.fixture(scope="module")
def pages(made, tmp_path_factory):
    """Pages of a lake that is well, and of one that has lost a file."""
    folder = tmp_path_factory.mktemp("pages")
    facts = connector.run_report(made, output=folder / "well.html")
    lake = Path(shutil.copytree(made, folder / "lake"))  # which keeps its verdict
    connector.write_workpaper(connector.run_verify(lake, offline=True), folder / "workpaper.html")
    next((lake / "balance_transactions").rglob("*.parquet")).unlink()
    connector.run_report(lake, output=folder / "unwell.html")
    stated = anyio.run(lambda: connector.statement(made, month="2026-01", compare="2025-12"))
    (folder / "statement.html").write_text("".join(to_text(stated)))
    return folder, facts["sentence"]


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (390, False)])
def test_a_browser_is_asked_for_nothing_and_says_nothing_and_the_page_fits(pages, tmp_path, width, dark):
    folder, sentence = pages

    async def go():
        async with showing(folder / "well.html", tmp_path / "profile", width=width, dark=dark) as tab:
            assert await tab.value(HEADING) == sentence
            await tab.value(OPEN)
            assert await tab.value(WIDER) == 0
            assert await tab.value(SMALLEST) >= 11
            background = await tab.value("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(255, 255, 255)") != dark
        assert [one for one in tab.requests if not one.startswith(("file:", "data:"))] == []
        assert tab.messages == []

    anyio.run(go)


@pytest.mark.parametrize("name", ["well.html", "unwell.html", "statement.html", "workpaper.html"])
def test_pages_fit_the_narrowest_screens(pages, tmp_path, name):
    folder, _ = pages

    async def go():
        async with showing(folder / name, tmp_path / "profile", width=320) as tab:
            await tab.value(OPEN)
            assert await tab.value(WIDER) == 0

    anyio.run(go)


@pytest.mark.skipif(not AXE.is_file(), reason=INSTALL_AXE)
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (390, False)])
@pytest.mark.parametrize("name", ["well.html", "unwell.html", "statement.html", "workpaper.html"])
def test_axe_finds_nothing_to_object_to_in_a_report_a_statement_or_a_workpaper(pages, tmp_path, name, width, dark):
    folder, _ = pages

    async def go():
        async with showing(folder / name, tmp_path / "profile", width=width, dark=dark) as tab:
            await tab.value(OPEN)
            await tab.value(f"{AXE.read_text()};true")
            assert await tab.value(RULES) > 30
            assert await tab.value(VIOLATIONS) == []
        assert tab.messages == []
        assert [one for one in tab.requests if not one.startswith(("file:", "data:"))] == []

    anyio.run(go)
