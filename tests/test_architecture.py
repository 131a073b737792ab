"""What pages say to contributors is so: the files they name are there, the drawing is of the layers that are held."""

from __future__ import annotations

import re

import pytest

from tests.support.architecture import DRAWING, ROOT, drawing, layers, purpose

PAGES = [ROOT / "docs" / "architecture.md", ROOT / "docs" / "how-it-works.md", *sorted(ROOT.glob(".github/*.md"))]
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
PLACES = re.compile(r"`((?:connector|tests|schemas|docs|\.github|\.ci)/[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_and_folders_that_a_page_names_are_there(page):
    named = PLACES.findall(page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert named or page.name in {"how-it-works.md", "SECURITY.md", "pull_request_template.md"}


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_the_modules_that_a_decision_names_are_there(page):
    named = re.findall(r"`([\w./-]+\.py)`", page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_drawing_is_of_the_layers_that_are_held():
    assert DRAWING.read_text("utf-8") == drawing(), "run: make drawing"


def test_every_room_of_the_drawing_says_what_it_is():
    for room in [room for rooms in layers() for room in rooms if room != "__main__"]:
        assert len(purpose(room)) > 5, room
        assert f">{room}</text>" in drawing()


def test_at_most_ten_modules_stand_beside_the_packages():
    assert len(list((ROOT / "connector").glob("*.py"))) <= 10, "put it into the package of its subject"


def test_the_workflow_runs_what_has_to_hold_and_nothing_else():
    workflow = (ROOT / ".github" / "workflows" / "check.yml").read_text("utf-8")
    assert re.findall(r"- run: (.+)", workflow) == [".ci/run"]


def test_nobody_is_asked_to_write_to_an_address():
    for page in ROOT.glob(".github/**/*.md"):
        assert not re.search(r"[\w.]+@[\w.]+\.\w+", page.read_text("utf-8")), page
