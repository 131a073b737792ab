"""What templates come to is taken for what it is, and not for a folder's name or a list of letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.airflow.rendered import destination_of, windows_of
from connector.errors import UsageError


@pytest.mark.parametrize("rendered", ["None", " none", "null", "", "  ", "{{ params.lake }}", "/data/{% if x %}"])
def test_a_destination_whose_template_found_nothing_makes_no_folder_of_that_name(rendered):
    with pytest.raises(UsageError, match="name the lake"):
        destination_of(rendered)


@pytest.mark.parametrize("rendered", ["/data/stripe", "s3://lake/none", "nonesuch", Path("lake")])
def test_any_other_is_taken_as_it_is(rendered):
    assert destination_of(rendered) == rendered


def test_windows_that_came_as_text_are_refused_with_what_to_write_instead():
    with pytest.raises(UsageError, match=r"give `plan\.output` itself"):
        windows_of("[{'since': None}]")
    assert windows_of(None) == windows_of([]) == ()
    assert windows_of([{"since": None}]) == [{"since": None}]
