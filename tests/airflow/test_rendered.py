"""What templates come to is taken for what it is, and not for a folder's name or a list of letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.airflow.rendered import destination_of, read_as, windows_of
from connector.errors import UsageError
from connector.options.calls import RunSyncOptions
from connector.options.option import types_of


@pytest.mark.parametrize(
    "rendered",
    ["None", " none", "null", "", "  ", "{{ params.lake }}", "/data/{% if x %}", "s3://lake/None", "/None/lake"],
)
def test_a_destination_whose_template_found_nothing_makes_no_folder_of_that_name(rendered):
    with pytest.raises(UsageError, match="name the lake"):
        destination_of(rendered)


@pytest.mark.parametrize(
    "rendered", ["/data/stripe", "s3://lake/none", "nonesuch", "/data/NoneOther", Path("lake"), Path("None")]
)
def test_any_other_is_taken_as_it_is(rendered):
    assert destination_of(rendered) == rendered


def test_windows_that_came_as_text_are_refused_with_what_to_write_instead():
    with pytest.raises(UsageError, match=r"give `plan\.output` itself"):
        windows_of("[{'since': None}]")
    assert windows_of(None) == windows_of([]) == ()
    assert windows_of([{"since": None}]) == [{"since": None}]


ACCOUNTS = types_of(RunSyncOptions)["accounts"]


@pytest.mark.parametrize(
    ("name", "rendered", "value"),
    [
        ("rate", "7.5", 7.5),
        ("settle", " 600", 600),
        ("dry_run", "False", False),
        ("full_refresh", "true", True),
        ("partition", "month", "month"),
        ("accounts", "['acct_1', None]", ["acct_1", None]),
        ("accounts", "acct_1, acct_2", ["acct_1", "acct_2"]),
        ("accounts", "acct_1", "acct_1"),
        ("omit", "['description']", ["description"]),
    ],
)
def test_an_option_that_a_template_made_text_is_what_the_text_says(name, rendered, value):
    found = read_as(rendered, types_of(RunSyncOptions)[name])
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("name", ["rate", "settle", "dry_run", "format", "deadline"])
@pytest.mark.parametrize("nothing", ["None", "", " null "])
def test_an_option_whose_template_found_nothing_is_left_out(name, nothing):
    assert read_as(nothing, types_of(RunSyncOptions)[name]) is None


@pytest.mark.parametrize("name", ["accounts", "omit", "hash"])
@pytest.mark.parametrize("nothing", ["None", "[]", "()", "[acct_1", "[None"])
def test_whom_to_read_and_what_to_hide_is_never_left_out_by_a_template_that_found_nothing(name, nothing):
    assert read_as(nothing, types_of(RunSyncOptions)[name]) == nothing  # which the call refuses


@pytest.mark.parametrize(("name", "text"), [("rate", "fast"), ("dry_run", "0"), ("settle", "1.5"), ("all_due", "no")])
def test_a_text_that_is_no_such_value_stays_for_the_call_to_refuse(name, text):
    assert read_as(text, types_of(RunSyncOptions)[name]) == text


@pytest.mark.parametrize("value", [None, 5, True, 1.5, ["acct_1"], Path("lake")])
def test_what_is_no_text_is_as_it_was(value):
    assert read_as(value, ACCOUNTS) is value
