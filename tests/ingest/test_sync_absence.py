"""What an answer says is not there: one false word among right ones loses no row, whichever it is."""

from __future__ import annotations

import pytest

from connector.core.units import DAY
from connector.errors import ProtocolError
from tests.support.examples import EXTENT, slow_but
from tests.support.lakes import START, data_files, honest, objects, run, sandbox, truth, world

LISTS = "balance_transactions"
ROWS = 3_000 if EXTENT == "thorough" else 1_800


@pytest.fixture(scope="module")
def dense():
    """A sandbox of many rows in twelve days."""
    with sandbox(world(ROWS)) as served:
        yield served


def lists(report) -> int:
    return report.requests.by_endpoint["balance_transactions.list"]


@pytest.mark.parametrize("kind", ["no-rows", "false-end"])
@pytest.mark.parametrize("number", slow_but([1, 9], range(1, 25)))
def test_one_false_end_among_right_answers_loses_no_row(tmp_path, dense, kind, number):
    dense.faults.clear()
    dense.faults.add(f"{kind}:endpoint={LISTS},k={number}")
    report = run(tmp_path, dense, settings={"max_in_flight": 8})
    assert report.outcome == "complete"
    missing = len(truth(dense)) - len(objects(tmp_path))
    assert missing == 0
    assert dense.stats()["faults"][0]["fired"] == 1


def test_what_was_contradicted_is_counted_and_read_again(tmp_path, dense):
    dense.faults.clear()
    dense.faults.add(f"no-rows:endpoint={LISTS},k=1")
    (account,) = run(tmp_path, dense).accounts
    assert (account.contradicted, account.witnesses >= 1) == (1, True)
    assert objects(tmp_path) == truth(dense)


def test_the_files_are_the_same_as_without_it(tmp_path, dense):
    dense.faults.clear()
    run(tmp_path / "undisturbed", dense)
    dense.faults.add(f"false-end:endpoint={LISTS},k=3")
    run(tmp_path / "disturbed", dense)
    assert data_files(tmp_path / "disturbed") == data_files(tmp_path / "undisturbed")


@pytest.mark.parametrize("days", [1, 3])
def test_an_increment_that_shows_nothing_where_a_lake_has_much_is_asked_about_again(tmp_path, dense, days):
    dense.faults.clear()
    run(tmp_path, dense, until=START + (12 - days) * DAY)
    dense.faults.add(f"no-rows:endpoint={LISTS},k=1")
    report = run(tmp_path, dense)
    assert objects(tmp_path) == truth(dense)
    assert report.accounts[0].contradicted == 1


def test_a_quiet_day_of_a_quiet_account_costs_no_second_look(tmp_path):
    with sandbox(world(120, days=40)) as quiet:
        run(tmp_path, quiet, until=START + 39 * DAY)
        report = run(tmp_path, quiet)
        assert lists(report) <= 2
        assert report.accounts[0].witnesses == 0


def test_an_account_of_few_rows_costs_one_more_request_at_most(tmp_path):
    with sandbox(world(90)) as quiet:
        report = run(tmp_path, quiet)
        assert (lists(report), report.accounts[0].contradicted) == (1 + report.accounts[0].witnesses, 0)
        assert report.accounts[0].witnesses <= 1


# Rows of one second ---------------------------------------------------------------------------------------------------


def test_ties_whose_order_moves_between_two_requests_lose_no_row(tmp_path):
    with sandbox(world(900)) as served:
        for back in (86_400, 86_500, 86_600, 86_700):
            served.faults.add(f"hot-second:rows=70,seconds={back}")
            run(tmp_path / "before", served)
            served.faults.clear()
        served.faults.add(f"moving-ties:endpoint={LISTS}")
        (account,) = run(tmp_path / "lake", served).accounts
        assert objects(tmp_path / "lake") == truth(served)
        assert account.unstable_ties >= 1


def outcome(lake, served, **options) -> str:
    """Run, and say whether the lake is complete, complete though an order was seen to move, or refused with 65."""
    try:
        (account,) = run(lake, served, **options).accounts
    except ProtocolError:  # its status is 65
        honest(lake, truth(served))
        return "refused"
    assert objects(lake) == truth(served)
    return "noticed" if account.unstable_ties else "complete"


@pytest.mark.slow
def test_a_second_of_several_pages_whose_order_moves_at_each_answer_is_complete_or_an_error_not_a_hole(tmp_path):
    with sandbox(world(900), faults=["hot-second:rows=420", f"moving-ties:endpoint={LISTS}"]) as served:
        for number in range(4):  # the order is another one each time
            outcome(tmp_path / f"{number}", served)


@pytest.mark.slow
def test_a_second_of_several_pages_whose_order_moves_once_while_it_is_read_is_mostly_complete(tmp_path):
    """One request at a time, so that the order moves at the same place of the same reading each time."""
    outcomes = []
    for number in range(2, 11, 2):
        with sandbox(world(900), faults=["hot-second:rows=420", f"moving-ties:endpoint={LISTS},k={number}"]) as served:
            outcomes.append(outcome(tmp_path / f"{number}", served, settings={"max_in_flight": 1}))
    assert outcomes.count("noticed") >= 3, outcomes


def test_stable_ties_are_not_called_unstable(tmp_path):
    with sandbox(world(900)) as served:
        served.faults.add("hot-second:rows=420")
        (account,) = run(tmp_path, served).accounts
        assert (account.unstable_ties, account.contradicted) == (0, 0)
        assert objects(tmp_path) == truth(served)
