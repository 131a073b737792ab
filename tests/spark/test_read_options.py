"""Options of the data source are text in any case; a key among them is refused and never repeated."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import UsageError
from connector.spark.filters import ColumnCondition, narrowed
from connector.spark.read_options import asked_of

TODAY = date(2026, 11, 28)
KEY = "rk_live_" + "q" * 40


def asked(**options):
    return asked_of(options, today=TODAY)


def test_nothing_said_is_everything_of_the_keys_own_account():
    found = asked()
    assert (found.within, found.accounts, found.filters) == (Interval(0, END_OF_TIME), (), {})
    assert (found.partitions, found.settle, found.limit, found.pushdown) == (4, 600, None, False)


def test_names_are_taken_in_any_case_and_values_are_read():
    found = asked(
        Since="2026-01-01", UNTIL="yesterday", Accounts="own, acct_1,acct_2", type="charge", currency="EUR",
        Partitions="8", slots="2", limit="5", PushDown="TRUE", rate="12.5", expand="source", API_BASE="http://127.0.0.1",
    )  # fmt: skip
    assert (found.within.start, found.within.stop) == (1_767_225_600, 1_795_737_600)
    assert found.accounts == (None, "acct_1", "acct_2")
    assert found.filters == {"type": "charge", "currency": "eur"}
    assert (found.partitions, found.slots, found.limit, found.pushdown, found.expand) == (8, 2, 5, True, ("source",))
    assert found.connection == {"rate": 12.5, "api_base": "http://127.0.0.1", "retries": 15}


@pytest.mark.parametrize(
    "name", ["api_key", "apikey", "key", "stripe_key", "Api_Key", "token", "password", "hash_salt"]
)
def test_a_key_by_its_name_is_refused_and_not_repeated(name):
    with pytest.raises(UsageError, match="a key is no option") as caught:
        asked(**{name: "anything-at-all"})
    assert "anything" not in str(caught.value)


@pytest.mark.parametrize("name", ["rate", "since", "accounts", "unheard_of", "provider"])
def test_a_key_by_its_form_is_refused_wherever_it_is_and_not_repeated(name):
    with pytest.raises(UsageError, match="a key is no option") as caught:
        asked(**{name: KEY})
    assert "q" * 8 not in str(caught.value)


def test_a_file_with_the_key_is_named():
    assert asked(api_key_file="/run/secrets/stripe").connection["api_key_file"] == "/run/secrets/stripe"


def test_what_spark_adds_to_a_table_made_by_sql_passes():
    assert asked(provider="stripe_balance", owner="me", **{"option.rate": "3", "rate": "3"}).connection["rate"] == 3.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"partition": "3"}, "there is no option 'partition'"),
        ({"partitions": "0"}, "`partitions`"),
        ({"partitions": "2.5"}, "`partitions`"),
        ({"limit": "-1"}, "`limit`"),
        ({"settle": "x"}, "`settle`"),
        ({"pushdown": "yes"}, "`pushdown`"),
        ({"rate": "fast"}, "`rate`"),
        ({"since": "someday"}, "someday"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "`until` must be later"),
        ({"accounts": "acct_1", "all_accounts": "true"}, "does not go with"),
        ({"currency": "euro"}, "euro"),
        ({"expand": "data.source"}, "without data."),
    ],
)
def test_what_makes_no_sense_is_named_with_what_does(options, said):
    with pytest.raises(UsageError) as caught:
        asked(**options)
    assert said in str(caught.value)


def moment(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("how", "value", "within"),
    [
        (">=", moment(2026, 1, 1), (1_767_225_600, END_OF_TIME)),
        (">", moment(2026, 1, 1), (1_767_225_601, END_OF_TIME)),
        (">=", moment(2026, 1, 1, 0, 0, 0, 1), (1_767_225_601, END_OF_TIME)),
        ("<", moment(2026, 1, 1), (0, 1_767_225_600)),
        ("<", moment(2026, 1, 1, 0, 0, 0, 1), (0, 1_767_225_601)),
        ("<=", moment(2026, 1, 1), (0, 1_767_225_601)),
        ("=", moment(2026, 1, 1), (1_767_225_600, 1_767_225_601)),
        ("<", date(2026, 1, 1), (0, 1_767_225_600)),
        (">=", datetime(2026, 1, 1), (0, END_OF_TIME)),  # noqa: DTZ001 - of no zone: it says nothing
        (">=", None, (0, END_OF_TIME)),
    ],
)
def test_comparisons_of_created_narrow_the_time_and_leave_out_nothing(how, value, within):
    found = narrowed(asked(), [ColumnCondition("created", how, value)])
    assert (found.within.start, found.within.stop) == within


def test_texts_that_the_list_knows_narrow_it_and_others_do_not():
    filters = [
        ColumnCondition("type", "=", "charge"),
        ColumnCondition("currency", "=", "USD"),
        ColumnCondition("status", "=", "pending"),
        ColumnCondition("source", ">", "ch_"),
        ColumnCondition("type", "=", "refund"),
    ]
    assert narrowed(asked(), filters).filters == {"type": "charge", "currency": "usd"}
    assert narrowed(asked(type="refund"), filters).filters == {"type": "refund", "currency": "usd"}
    assert narrowed(asked(), [ColumnCondition("currency", "=", "1€")]).filters == {}


def test_where_filters_leave_nothing_nothing_is_read():
    none = [ColumnCondition("created", "<", moment(2026, 1, 1)), ColumnCondition("created", ">", moment(2026, 1, 1))]
    assert narrowed(asked(), none) is None
