"""The page of what was shown: each run puts its own part into it and leaves those of the others."""

from __future__ import annotations

from types import SimpleNamespace

from tests.support.shown import HEADINGS, STORES, Shown, put_into, with_part
from tests.test_docs import ROOT


def of(heading: str, said: str) -> str:
    return f"{heading or '# What was shown'}\n\n{said}\n"


def test_parts_come_in_any_order_and_stand_in_one_each_once(tmp_path):
    page = tmp_path / "page.md"
    for said in ("first", "again"):
        for heading in (HEADINGS[3], HEADINGS[0], HEADINGS[2], HEADINGS[1]):
            put_into(page, heading, of(heading, said))
    assert page.read_text("utf-8") == "\n".join(of(heading, "again") for heading in HEADINGS)


def test_the_page_there_is_keeps_every_other_part_as_it_is():
    page = (ROOT / "docs" / "integrations.md").read_text("utf-8")
    parts = [page.partition("\n## ")[0].rstrip("\n") + "\n", *(f"## {one}" for one in page.split("\n## ")[1:])]
    made = with_part(page, HEADINGS[3], of(HEADINGS[3], "new"))
    for part in parts:
        assert part.startswith(HEADINGS[3]) or part in made
    assert made.endswith(of(HEADINGS[3], "new"))


def ended(name: str, outcome: str = "passed", when: str = "call", **recorded: str) -> SimpleNamespace:
    nodeid = f"tests/integrations/test_some.py::test_{name}"
    properties = list(recorded.items())
    return SimpleNamespace(nodeid=nodeid, outcome=outcome, when=when, duration=1.0, user_properties=properties)


def test_what_a_test_recorded_stands_beside_its_name_and_what_did_not_pass_is_said():
    shown = Shown("tests/integrations/", "make stores FULL=1", ("pytest",), STORES)
    for one in (
        ended("rows_are_equal[moto]", shown="2 requests"),
        ended("rows_are_equal[moto]", when="setup"),
        ended("a_disk_is_full", outcome="skipped", when="setup"),
    ):
        shown.add(one)
    assert [(row[0], *row[2:]) for row in shown.rows()] == [
        ("moto", "1.0", "rows are equal: 2 requests"),
        ("obstore", "1.0", "a disk is full (1 skipped)"),
    ]
    assert "1 passed, 1 skipped" in shown.part()
