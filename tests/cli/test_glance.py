"""`status` on a terminal: some twenty lines, with a sign for each day; elsewhere it stays as it is."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.display.rows_calendar import FANCY, LINES, PLAIN, calendar_lines, latest, periods
from connector.core.state.data_file import DataFile
from connector.core.state.frozen import FrozenName
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import DAY, AccountId

BEGIN = 1_767_225_600  # 2026-01-01


def state_of(rows: dict[int, int], partition: Granularity = Granularity.DAY, **facts) -> TableState:
    """Return a state with so many rows at seconds, one of each partition."""
    files = {}
    for second, count in rows.items():
        key = partition_of(second, partition)
        files[key.label] = DataFile(key.label, count, 1, "", second, second)
    end = max(rows, default=BEGIN) + 1
    there = {"covered": Intervals.span(0, end), "read_until": end, **facts}
    return TableState(AccountId("acct_1"), "parquet", partition, files=MappingProxyType(files), **there)


def test_a_month_has_a_sign_for_each_day_by_its_share_of_the_most():
    state = state_of({BEGIN: 8, BEGIN + DAY: 1, BEGIN + 3 * DAY: 4})
    assert calendar_lines(state)[0] == ("2026-01", "█▁·▄", "13 rows")
    assert calendar_lines(state, PLAIN)[0] == ("2026-01", "81.4", "13 rows")
    assert calendar_lines(state)[-1][1] == "a sign each day: █ is 8 rows, · none"


def test_time_that_was_not_read_is_told_from_time_without_rows_and_from_time_before():
    covered = Intervals.span(BEGIN + DAY, BEGIN + 2 * DAY).union(Intervals.span(BEGIN + 3 * DAY, BEGIN + 5 * DAY))
    state = state_of({BEGIN + DAY: 1, BEGIN + 4 * DAY: 1}, covered=covered)
    assert calendar_lines(state)[0][1] == " █?·█"
    assert calendar_lines(state)[-1][1].endswith("? not read")


def test_files_of_a_month_are_a_line_a_year():
    state = state_of({BEGIN: 1, BEGIN + 40 * DAY: 2, BEGIN + 400 * DAY: 2}, Granularity.MONTH)
    assert [line[:2] for line in calendar_lines(state)[:-1]] == [("2026", "▄█··········"), ("2027", "·█")]
    years = state_of({BEGIN: 1, BEGIN + 400 * DAY: 2}, Granularity.YEAR)
    assert calendar_lines(years)[0][:2] == ("years", "▄█")


def test_a_lake_without_rows_has_no_calendar():
    assert calendar_lines(state_of({})) == []
    assert latest(state_of({})) == " " * LINES


@given(
    st.dictionaries(st.integers(0, 3_000), st.integers(1, 10**9), min_size=1, max_size=40), st.sampled_from(Granularity)
)
def test_every_row_is_counted_once_and_each_sign_is_one_that_is_there(days, partition):
    by_partition = {partition_of(BEGIN + day * DAY, partition).start: rows for day, rows in days.items()}
    state = state_of(by_partition, partition)
    lines = calendar_lines(state)
    told = [int(rows.split()[0].replace(",", "")) for _, _, rows in lines if rows]
    assert sum(told) == sum(by_partition.values())
    assert len(lines) <= LINES + 2
    assert set("".join(cells for label, cells, _ in lines if label not in {"before", ""})) <= {*FANCY, "·", "?", " "}
    assert all(one.stop == two.start for one, two in zip(periods(state), periods(state)[1:], strict=False))


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_terminal_shows_a_lake_in_some_twenty_lines_that_fit_its_mode_first(shown, environment, lake, columns):
    environment.chdir(lake.parent)
    lines = shown("status", "lake", columns=columns)
    assert len(lines) <= (20 if columns > 60 else 24)
    assert lines[0].startswith("lake: test mode; 700 rows, ")
    assert max(map(len, lines)) <= columns
    assert any("█" in line for line in lines)


def test_each_account_in_full_is_there_for_the_asking_and_where_it_is_no_terminal(run, shown, lake):
    full = run("status", lake).out.rstrip("\n").split("\n")
    assert shown("status", lake, "--accounts", columns=1_000) == full
    assert run("status", lake, "--accounts").out.rstrip("\n").split("\n") == full
    assert not any("█" in line for line in full)


def test_where_a_terminal_has_no_other_signs_or_little_room_these_are_not_shown(shown, lake):
    assert any("8" in line for line in shown("status", lake, encoding="ascii"))
    assert not any("█" in line for line in shown("status", lake, columns=50))


def test_of_several_accounts_each_has_a_line(run, shown, tmp_path):
    run("sync", tmp_path / "many", "--all-accounts", "-q")
    lines = shown("status", tmp_path / "many", columns=120)
    assert sum(line.startswith("  acct_") for line in lines) == 3
    run("payouts", tmp_path / "many", "--all-accounts", "-q")
    (besides,) = (line for line in shown("status", tmp_path / "many", columns=120) if line.startswith("  besides"))
    assert (besides.count(" payouts "), besides.count("payout_transactions")) == (1, 1)
    assert "more --accounts shows each account in full" in [" ".join(line.split()) for line in lines]


def test_many_accounts_are_counted_and_those_with_something_wrong_come_first(lake):
    from connector.cli.display.glance import ACCOUNTS, glance  # noqa: PLC0415 - the same
    from connector.cli.lake_status import look  # noqa: PLC0415 - takes Arrow a while

    there = look(lake)
    state = replace(state_of({BEGIN: 5}), livemode=True)
    holdings = [
        replace(
            there.holdings[0],
            state=replace(state, account=AccountId(f"acct_{number:04}")),
            stale_since=BEGIN if number == 39 else None,
        )
        for number in range(40)
    ]
    found = replace(there, destination="lake", holdings=holdings)
    lines = glance(found, lambda text, _style: text, fancy=True)
    assert lines[0] == "lake: test mode; 200 rows; parquet, a file for each day"
    assert lines[1].startswith("  acct_0039")
    assert "; stale not read since 2026-01-01 UTC" in lines[1]
    assert f"  and {40 - ACCOUNTS} more accounts with 140 rows" in lines


def test_rows_to_be_read_again_for_their_sources_are_counted_and_frozen_months_named(lake):
    from connector.cli.display.glance import glance  # noqa: PLC0415 - the same
    from connector.cli.lake_status import look  # noqa: PLC0415 - takes Arrow a while

    there = look(lake)
    state = state_of({BEGIN: 5, BEGIN + DAY: 7}, bare=Intervals.span(0, BEGIN + DAY))
    months = [FrozenName(f"2026-{month:02}", "Europe.Paris", 1) for month in range(1, 6)]
    one = replace(there.holdings[0], state=state, frozen=tuple(months[:2]))
    two = replace(one, state=replace(state, account=AccountId("acct_2")), frozen=tuple(months[1:]))
    for holdings, rows, said in (
        ([one], 5, ["2026-01 (Europe/Paris), 2026-02 (Europe/Paris)"]),
        (
            [one, two],
            10,
            ["; ".join([*(f"2026-0{month} (Europe/Paris), 1 of 2 accounts" for month in (5, 4, 3)), "and 2 more"])],
        ),
    ):
        lines = glance(replace(there, holdings=holdings), lambda text, _style: text, fancy=True)
        told = [line.split(maxsplit=1) for line in lines]
        assert [value for name, value in told if name == "frozen"] == said
        (sources,) = [value for name, value in told if name == "sources"]
        assert sources.startswith(f"up to {rows} rows from before")
