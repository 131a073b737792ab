"""Every class of errors says what to do, and the page that lists them is what they say."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import connector
from tests.support.errors_page import OF_ITS_OWN, PAGE, classes, render

ROOT = Path(__file__).parents[1]


def test_the_page_on_errors_is_what_the_classes_say():
    assert PAGE.read_text("utf-8") == render()


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_class_says_itself_what_happened_and_what_to_do_and_can_be_imported(kind):
    assert vars(kind)["__doc__"]
    assert vars(kind)["remedy"]
    assert getattr(connector, kind.__name__) is kind


def test_a_class_whose_errors_have_a_status_each_is_said_to():
    assert {one.__name__ for one in classes() if "self.exit_code" in inspect.getsource(one)} == OF_ITS_OWN.keys()


def test_every_status_that_more_than_its_message_is_to_be_said_of_is_in_what_to_do_when():
    told = (ROOT / "docs" / "operating.md").read_text("utf-8").partition("## What to do when")[2]
    statuses = {one.exit_code for one in classes()} - {1, 2}  # of these the message says all
    assert len(statuses) > 4
    assert not [status for status in statuses if not re.search(rf"^\| {status}\b", told, re.MULTILINE)]


def test_every_status_of_an_error_is_in_the_list_of_statuses():
    listed = (ROOT / "docs" / "command-line.md").read_text("utf-8").partition("## Exit status")[2]
    assert not [one for one in classes() if f"| {one.exit_code} |" not in listed]
