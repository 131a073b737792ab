"""Of which version rows are is what answers say, not what was asked for."""

from __future__ import annotations

import pytest

from connector.core.api.protocol import Response
from connector.core.api.versions import Versions

ASKED, OTHER = "2026-10-28.endive", "2019-12-03"


def after(*said, asked=ASKED):
    versions = Versions(asked)
    for text in said:
        versions.heard(Response(200, {} if text is None else {"stripe-version": text}, b"{}"))
    return versions


@pytest.mark.parametrize(
    "said", [(), (None,), (ASKED,), ("2026-10-28",), ("new\x1b[2J",), ("2019-12-03; " + "x" * 500,)]
)
def test_rows_are_of_the_version_asked_for_unless_an_answer_says_another(said):
    versions = after(*said)
    assert (versions.of_rows, versions.warnings) == ((ASKED,), ())


def test_another_version_is_recorded_and_told():
    versions = after(OTHER, OTHER)
    assert versions.of_rows == (OTHER,)
    (told,) = versions.warnings
    assert OTHER in told
    assert ASKED in told


def test_versions_are_added_in_order_of_first_use_and_each_once():
    versions = after(ASKED, OTHER, None)
    assert versions.added_to(()) == (ASKED, OTHER)
    assert versions.added_to((OTHER, "2020-08-27")) == (OTHER, "2020-08-27", ASKED)


def test_a_server_of_no_end_of_versions_is_not_remembered_whole():
    assert len(after(*(f"{year}-01-01" for year in range(1900, 2000))).of_rows) == 8
