"""The page in a browser: it asks for nothing, says nothing, and fits a phone."""

from __future__ import annotations

import anyio
import pytest

import connector
from tests.support.browser import INSTALL, PROGRAM, showing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason=INSTALL)]

OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true })"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HEADING = "document.querySelector('h1').innerText.replaceAll('\\n', ' ')"
SMALLEST = """Math.min(...[...document.querySelectorAll('main *')].filter(one => one.checkVisibility() && one.innerText)
    .map(one => parseFloat(getComputedStyle(one).fontSize)))"""


@pytest.fixture(scope="module")
def pages(made, tmp_path_factory):
    """The page of a lake that is well, and of one that has lost a file."""
    folder = tmp_path_factory.mktemp("pages")
    facts = connector.run_report(made, output=folder / "well.html")
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
