"""Counts and sizes in words, names of accounts, how a run of several ends, what a run report says."""

from __future__ import annotations

import pytest

from connector.core.account_failures import OUTAGE, AccountFailures
from connector.core.account_ids import given_account, given_accounts, given_name, is_account_id
from connector.core.api.meter import Meter
from connector.core.counting import counted, sized
from connector.core.run_report import AccountReport, damage_of, requests_of
from connector.core.time.times import in_words, to_text, to_words
from connector.errors import AccountsError, DamagedError, RateLimitError, StateError, UsageError


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_940_000, "1.9 MB"),
        (99_900, "99.9 kB"),
        (100_000, "100 kB"),
        (5 * 10**9, "5.0 GB"),
        (10**12, "1.0 TB"),
        (5_432 * 10**12, "5,432.0 TB"),
    ],
)
def test_a_size_has_its_unit_and_a_decimal_where_it_tells_something(count, words):
    assert sized(count) == words


def test_one_thing_is_not_several():
    assert (counted(1, "file"), counted(1_200, "file"), counted(0, "file")) == ("1 file", "1,200 files", "0 files")
    assert (counted(1, "day", "Tage"), counted(2, "day", "Tage")) == ("1 day", "2 Tage")


@pytest.mark.parametrize("given", ["acct_1", "acct_aB_9", f"acct_{'x' * 200}"])
def test_an_accounts_id_is_taken(given):
    assert is_account_id(given)
    assert (given_account(given), given_name(given)) == (given, given)


@pytest.mark.parametrize("given", ["", "acct_", "acct_\u00e9", "acct_1/2", "ACCT_1", f"acct_{'x' * 201}", "cus_1"])
def test_what_is_no_accounts_id_is_refused(given):
    assert not is_account_id(given)
    with pytest.raises(UsageError, match=r"`account` .* is not an account id"):
        given_account(given)
    with pytest.raises(UsageError, match=r"`account_id` .* is not an account id"):
        given_name(given)
    with pytest.raises(UsageError):
        given_accounts(["acct_1", given])


def test_accounts_are_named_each_once_and_one_alone_is_a_list_of_it():
    assert given_accounts("acct_1") == ("acct_1",)
    assert given_accounts(["acct_2", None, "acct_1", "acct_2", None]) == ("acct_2", None, "acct_1")
    assert given_account(None) is None
    assert (given_name(None), given_name("default")) == (None, "default")
    with pytest.raises(UsageError):
        given_account("default")
    assert not is_account_id(5)


# How a run of several accounts ends -----------------------------------------------------------------------------------


def test_a_run_in_which_all_went_well_ends_well():
    assert AccountFailures(of=3).failure({}) is None


def test_what_is_lost_in_one_account_is_its_error_and_others_are_counted():
    (one, two) = (AccountFailures(of=3).failure({"a": "a lost"}), AccountFailures(of=3).failure({"a": "x", "b": "y"}))
    assert isinstance(one, DamagedError)
    assert (str(one).startswith("a lost"), one.account, "more accounts" in str(one)) == (True, "a", False)
    assert "x; and 1 more accounts have lost something" in str(two)


def test_where_some_failed_what_others_lost_is_among_the_errors_and_what_failed_stays():
    failed = AccountFailures(of=3)
    assert failed.tolerate("a", StateError("broken"))
    failure = failed.failure({"a": "lost, too", "b": "lost"})
    assert isinstance(failure, AccountsError)
    assert {name: type(error) for name, error in failed.errors.items()} == {"a": StateError, "b": DamagedError}
    assert failed.errors["b"].account == "b"


# Reports --------------------------------------------------------------------------------------------------------------


def test_what_was_asked_is_summed_up_with_its_share_of_the_limit():
    meter = Meter()
    meter.requests, meter.retries, meter.received_bytes = 50, 2, 700
    meter.by_endpoint["list"] = 40
    meter.by_endpoint["a"] = 10
    meter.statuses[429] = 3
    meter.statuses[200] = 47
    meter.limited["rate"] = 2
    meter.limited["lock"] = 1
    found = requests_of(meter, rate=20.0, seconds=10.0, endpoint="list")
    assert (found.total, found.retries, found.received_bytes, found.rate_limit) == (50, 2, 700, 20.0)
    assert found.utilisation == 0.2
    assert list(found.by_endpoint) == ["a", "list"]
    assert (dict(found.statuses), found.limited_total) == ({"200": 47, "429": 3}, 3)
    assert found.allocation_share > 0
    assert requests_of(meter, rate=1.0, seconds=10.0, endpoint="list").utilisation == 1.0
    assert requests_of(meter, rate=20.0, seconds=10.0, endpoint="other").utilisation == 0.0
    assert requests_of(meter, rate=20.0, seconds=0.0, endpoint="list").utilisation is None
    assert requests_of(meter, rate=3.0, seconds=9.0, endpoint="a").utilisation == 0.3704
    free = requests_of(meter, rate=float("inf"), seconds=10.0, endpoint="list")
    assert (free.rate_limit, free.utilisation) == (None, None)


def damage(**facts) -> str | None:
    return damage_of(AccountReport("acct_1", (0, 9), **facts))


def test_what_is_lost_is_said_one_by_one_and_in_the_right_number():
    assert damage() is None
    assert damage(files_damaged=1).startswith("1 data file is gone or not as written")
    assert damage(files_damaged=1_200).startswith("1,200 data files are gone")
    assert damage(rows_lost=1).startswith("1 row that was lost is listed by Stripe no more")
    assert damage(rows_lost=2).startswith("2 rows that were lost are listed")
    assert damage(snapshots_lost=1).startswith("1 file of earlier balances is gone")
    assert damage(snapshots_lost=2).startswith("2 files of earlier balances are gone")
    assert damage(files_damaged=1, rows_lost=1, snapshots_lost=1).count("; ") == 2
    lacking = damage(lacking=tuple((n * 86_400, n * 86_400 + 60) for n in range(5)))
    assert lacking.count(" to ") == 3


def test_so_many_failures_in_a_row_are_an_outage_and_one_account_that_was_read_ends_the_row():
    failed = AccountFailures(of=50)
    assert all(failed.tolerate(f"a{number}", RateLimitError("slow down")) for number in range(OUTAGE - 1))
    failed.succeeded()
    assert all(failed.tolerate(f"b{number}", RateLimitError("slow down")) for number in range(OUTAGE - 1))
    assert not failed.tolerate("c", RateLimitError("slow down"))


def test_a_moment_as_text_is_shown_as_people_read_it_and_other_text_as_it_is():
    assert in_words(to_text(15)) == to_words(15) == "1970-01-01 00:00:15 UTC"
    assert in_words("never") == "never"
