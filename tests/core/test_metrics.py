"""The text of a run's figures: as a Prometheus collector reads it, and as the next run reads it back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.metrics import (
    FAMILIES,
    MOST_ACCOUNTS,
    PREFIX,
    EndedRun,
    ReportFigures,
    RunCounts,
    after,
    covered_until,
    from_text,
    to_text,
)
from connector.core.time.times import END_OF_TIME
from tests.support.examples import examples
from tests.support.exposition import families_in

WHOSE = {"lake": "/data/lake", "command": "sync"}
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
AMOUNT = st.integers(0, 2**50)
KINDS = st.sampled_from([None, "global-rate", "endpoint-concurrency", 'a "new"\nreason\\'])


def counts_of(rows, codes, reasons):
    counts = RunCounts(rows=rows)
    counts.requests.update(codes)
    for reason in reasons:
        counts.refuse(reason)
    return counts


COUNTS = st.builds(
    counts_of, AMOUNT, st.dictionaries(st.sampled_from(["0", "200", "429"]), AMOUNT), st.lists(KINDS, max_size=4)
)
FIGURES = st.builds(
    ReportFigures,
    covered=st.dictionaries(TEXT, st.none() | AMOUNT, max_size=MOST_ACCOUNTS + 3),
    accounts=AMOUNT,
    rows_new=AMOUNT,
    lake_rows=st.none() | AMOUNT,
    verdict=st.sampled_from(["", "proved", "residual"]),
)
RUNS = st.builds(
    EndedRun,
    st.sampled_from([0, 65, 75, 143]),
    AMOUNT,
    st.floats(0, 1e6).map(lambda seconds: round(seconds, 3)),
    COUNTS,
    st.none() | FIGURES,
)


@settings(max_examples=examples(100))
@given(st.lists(RUNS, min_size=1, max_size=4), TEXT, TEXT)
def test_what_a_collector_reads_is_what_the_next_run_reads_back(runs, lake, command):
    samples = {}
    for run in runs:
        samples = after(samples, run)
    text = to_text(samples, lake=lake, command=command)
    assert from_text(text, lake=lake, command=command) == samples
    read = {}
    for name, family in families_in(text).items():
        told = FAMILIES[name.removeprefix(PREFIX)]
        assert (family.kind, family.says) == (told.kind, told.says)
        for labels, value in family.samples:
            whose = labels.pop("lake"), labels.pop("command")
            assert whose == (lake, command)
            read[name.removeprefix(PREFIX), tuple(labels.items())] = value
    assert read == samples


@settings(max_examples=examples(50))
@given(st.lists(RUNS, min_size=2, max_size=5))
def test_counters_never_fall_and_are_sums_over_the_runs(runs):
    samples, before = {}, {}
    for run in runs:
        samples, before = after(samples, run), samples
        counters = [key for key in before if FAMILIES[key[0]].kind == "counter"]
        assert all(samples[key] >= before[key] for key in counters)
    assert samples["rows_received_total", ()] == sum(run.counts.rows for run in runs)
    assert sum(value for (name, _), value in samples.items() if name == "runs_total") == len(runs)


def test_a_run_that_fails_leaves_what_the_last_one_knew_and_tells_its_own_status():
    well = after({}, EndedRun(0, 100, 1.0, RunCounts(), ReportFigures(covered={"acct_1": 90}, accounts=1, lake_rows=7)))
    failed = after(well, EndedRun(77, 200, 1.0, RunCounts()))
    assert failed["run_status", ()] == 77
    assert failed["run_end_timestamp_seconds", ()] == 200
    assert failed["success_timestamp_seconds", ()] == 100
    assert failed["covered_until_timestamp_seconds", ()] == 90
    assert failed["lake_rows", ()] == 7
    assert failed["runs_total", (("status", "0"),)] == failed["runs_total", (("status", "77"),)] == 1


def test_of_an_account_that_a_run_did_not_come_to_know_of_what_was_known_before_counts():
    well = after(
        {}, EndedRun(0, 100, 1.0, RunCounts(), ReportFigures(covered={"acct_1": 90, "acct_2": 95}, lake_rows=7))
    )
    failed = after(well, EndedRun(75, 200, 1.0, RunCounts(), ReportFigures(covered={"acct_1": None, "acct_2": 190})))
    assert failed["covered_until_timestamp_seconds", ()] == 90
    assert failed["account_covered_until_timestamp_seconds", (("account", "acct_1"),)] == 90
    assert failed["account_covered_until_timestamp_seconds", (("account", "acct_2"),)] == 190
    assert failed["lake_rows", ()] == 7
    never = after({}, EndedRun(75, 200, 1.0, RunCounts(), ReportFigures(covered={"acct_1": None, "acct_2": 190})))
    assert never["covered_until_timestamp_seconds", ()] == 0


@pytest.mark.parametrize(("count", "series"), [(1, 1), (MOST_ACCOUNTS, MOST_ACCOUNTS), (MOST_ACCOUNTS + 1, 0)])
def test_accounts_have_series_of_their_own_while_they_are_few(count, series):
    few = ReportFigures(covered={"acct_before": 1})
    many = ReportFigures(covered={f"acct_{number}": 10 + number for number in range(count)})
    samples = after(after({}, EndedRun(0, 1, 1.0, RunCounts(), few)), EndedRun(0, 2, 1.0, RunCounts(), many))
    names = [labels for (name, labels) in samples if name == "account_covered_until_timestamp_seconds"]
    assert len(names) == series
    assert samples["covered_until_timestamp_seconds", ()] == 10


def test_covered_time_ends_where_its_first_hole_begins():
    assert covered_until([(0, 50), (60, 90)]) == 50
    assert covered_until([]) == covered_until([(0, END_OF_TIME)]) == 0
    assert covered_until([], "refused") is None
    assert covered_until([(0, 50)], "refused") == 50


@pytest.mark.parametrize(
    "text",
    [
        "node_load1 3\n",
        "# HELP other metrics\nother 1\n",
        to_text({("run_status", ()): 0}, lake="/data/other", command="sync"),
        to_text({("run_status", ()): 0}, lake="/data/lake", command="verify"),
        to_text({("run_status", ()): 0}, **WHOSE) + "something_else 3\n",
    ],
)
def test_what_another_wrote_is_not_taken_for_ours(text):
    with pytest.raises(ValueError, match=r"it (is|has) "):
        from_text(text, **WHOSE)


def test_a_metric_of_a_later_version_is_let_be():
    text = to_text({("run_status", ()): 3}, **WHOSE).replace("run_status", "run_colour")
    assert from_text(text, **WHOSE) == {}


def test_counters_are_called_so_and_nothing_else_is():
    for name, family in FAMILIES.items():
        assert name.endswith("_total") == (family.kind == "counter")
        assert re.fullmatch(r"[a-z_]+", name)
        assert "\n" not in family.says
        assert "\\" not in family.says


def test_refusals_are_counted_by_the_reasons_that_are_documented():
    counts = RunCounts()
    for reason in (None, "global-rate", "global-rate", "made-up"):
        counts.refuse(reason)
    assert counts.refused == {"none": 1, "global-rate": 2, "other": 1}


@pytest.mark.parametrize("lake", ['a "b"', "C:\\new\\lakes", "two\nlines", '\\"\n\\n'])
def test_a_lake_is_told_by_its_name_whatever_is_in_it(lake):
    samples = after({}, EndedRun(0, 1_000, 2.0, RunCounts(rows=3), None))
    assert from_text(to_text(samples, lake=lake, command="sync"), lake=lake, command="sync") == samples
