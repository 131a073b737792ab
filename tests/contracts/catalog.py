"""What every catalog has to do; a catalog is tested by a class that says how to open one of its tables, and to read it.

```python
class TestMine(CatalogContract):
    def opened(self, lake):
        return MyTable(…)

    def rows(self, lake):
        return [(account, day, id), …]
```
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from connector.core.state.partition import Granularity
from connector.core.state.publishing import Alteration
from connector.errors import CommitConflictError, ConfigError, StateError, StorageError
from connector.lake.catalogs.base import ROUNDS, Published, TableAlteredError, publish, tidied
from tests.support.table_files import ACCOUNT, TABLE, Lake, rows_of

if TYPE_CHECKING:
    from connector.lake.catalogs.base import CatalogTable

FOREIGN = f"{TABLE}/account={ACCOUNT}/created_date=2026-01-01/part-00000-5b1c.parquet"


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Troubled:
    """A table of whose commits some go wrong.

    Attributes:
        table: the table.
        troubles: of the next commits: `killed` before it, `lost` answer after it, `refused` without it.
    """

    table: CatalogTable
    troubles: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)

    def commit(self, change):
        trouble = self.troubles.pop(0) if self.troubles else "none"
        if trouble == "killed":
            raise Killed
        if trouble == "refused":
            raise CommitConflictError("another publisher was first")
        self.table.commit(change)
        if trouble == "lost":
            raise StorageError("no answer")
        if trouble == "killed after":
            raise Killed


class CatalogContract:
    """The contract; `lake` is an empty one."""

    def opened(self, lake):
        raise NotImplementedError

    def rows(self, lake):
        raise NotImplementedError

    def commits(self, lake) -> int:
        """How many times the table was committed to."""
        raise NotImplementedError

    def forget(self, lake, path: str) -> None:
        """Take a file out of the table, as another tool might."""
        raise NotImplementedError

    def slip_in(self, lake, path: str) -> None:
        """Add a file that is there to the table, as another tool might."""
        raise NotImplementedError

    def hooked(self, lake, hook) -> CatalogTable:
        """Return a table that says what it is about to do to the hook, call by call of its library."""
        raise NotImplementedError

    def aged(self, lake) -> None:
        """Have all that was published be from long ago, as far as that is told by files."""

    @pytest.fixture
    def lake(self, tmp_path):
        return Lake(tmp_path / "lake of acct_1")

    def published(self, lake, **options):
        return publish(self.opened(lake), lake.wanted, **options)

    def test_a_table_that_is_not_there_has_no_contents(self, lake):
        table = self.opened(lake)
        table.read()
        assert table.contents() is None
        assert self.published(lake).added == 0

    def test_a_table_holds_the_rows_of_the_files_that_the_state_names(self, lake):
        lake.put(rows_of(0, ["txn_a", "txn_b"]))
        lake.put(rows_of(1, ["txn_c"]), "acct_2")
        assert self.published(lake).added == 2
        assert self.rows(lake) == lake.rows()
        assert len(self.rows(lake)) == 3

    def test_a_replaced_day_has_its_new_rows_alone_and_a_day_that_is_gone_none(self, lake):
        old = lake.put(rows_of(0, ["txn_a", "txn_b"]))
        gone = lake.put(rows_of(1, ["txn_c"]))
        self.published(lake)
        lake.put(rows_of(0, ["txn_b", "txn_d"]))
        lake.drop(gone.path)
        told = self.published(lake)
        assert (told.added, told.removed) == (1, 2)
        assert [one[2] for one in self.rows(lake)] == ["txn_b", "txn_d"]
        assert (lake.root / old.path).exists()  # who reads an older version of the table needs it

    def test_each_commit_is_one_and_a_replay_is_none(self, lake):
        counts = [self.commits(lake)]
        for names in (["txn_a"], ["txn_a", "txn_b"], ["txn_c"]):
            lake.put(rows_of(0, names))
            self.published(lake)
            self.published(lake)
            counts.append(self.commits(lake))
        assert [after - before for before, after in pairwise(counts)] == [1, 1, 1]

    def test_what_a_table_says_of_a_file_is_what_the_state_says(self, lake):
        file = lake.put(rows_of(0, ["txn_a", "txn_b"]))
        lake.put(rows_of(0, ["txn_q"]), "acct_2")
        self.published(lake)
        table = self.opened(lake)
        table.read()
        held = table.contents()
        listed = held.files[file.path]
        assert (listed.rows, listed.bytes, listed.whole) == (2, file.bytes, True)
        assert held.revisions == {ACCOUNT: 1, "acct_2": 1}

    def test_values_that_bounds_could_leave_out_are_found(self, lake):
        lake.put(rows_of(0, ["txn_b", "txn_é", "txn_A"]))
        lake.put(rows_of(1, ["txn_z"]))
        self.published(lake)
        for name in ("txn_b", "txn_é", "txn_A", "txn_z"):
            assert [one[2] for one in self.found(lake, "id", name)] == [name]
        for row in (*rows_of(0, ["txn_b", "txn_é", "txn_A"]), *rows_of(1, ["txn_z"])):
            assert [one[2] for one in self.found(lake, "created", row["created"])] == [row["id"]]
        assert self.found(lake, "id", "txn_0") == []

    @pytest.mark.parametrize("partition", list(Granularity))
    def test_a_partition_of_any_length_is_a_value_of_it(self, lake, partition):
        lake.partition = partition
        lake.put(rows_of(0, ["txn_a"]))
        lake.put(rows_of(400, ["txn_b"]))
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_columns_that_come_later_are_null_in_files_from_before(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        lake.source_columns = True
        charge = {"id": "ch_1", "object": "charge", "amount": 123, "currency": "eur"}
        lake.put(rows_of(1, ["txn_b"], source=charge))
        self.published(lake)
        assert self.column(lake, "charge_amount") == {"txn_a": None, "txn_b": 123}
        assert self.column(lake, "currency") == {"txn_a": "usd", "txn_b": "usd"}

    def test_lists_of_parts_are_as_they_were_written(self, lake):
        parts = [{"amount": 3, "application": None, "currency": "usd", "description": "fee", "type": "stripe_fee"}]
        lake.put(rows_of(0, ["txn_a"], fee_details=parts))
        self.published(lake)
        assert self.column(lake, "fee_details") == {"txn_a": parts}

    # Two at once ------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("new", [False, True], ids=["a table that is there", "a new table"])
    @pytest.mark.parametrize("same", [False, True], ids=["other days", "the same day"])
    def test_of_two_publishers_at_once_the_second_is_refused_and_then_finds_what_is_left(self, lake, same, new):
        if not new:
            lake.put(rows_of(0, ["txn_a"]))
            self.published(lake)
        lake.put(rows_of(5, ["txn_b"]))
        first, second = self.opened(lake), self.opened(lake)
        before = lake.wanted()  # as it was
        lake.put(rows_of(5 if same else 6, ["txn_b", "txn_c"]))
        seen = []

        def wanted(revisions):
            if not seen:  # both have read the table; the other commits now
                publish(first, lambda _: before)
            seen.append(1)
            return lake.wanted(revisions)

        publish(second, wanted)
        assert len(seen) == 2
        assert self.rows(lake) == lake.rows()

    def test_a_publisher_that_has_an_older_state_gives_way(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        older = lake.wanted()
        lake.put(rows_of(0, ["txn_b"]))
        table, seen = self.opened(lake), []

        def wanted(revisions):
            seen.append(1)
            if len(seen) == 1:
                self.published(lake)
                return older
            return lake.wanted(revisions)

        publish(table, wanted)
        assert [one[2] for one in self.rows(lake)] == ["txn_b"]

    def test_a_table_that_others_commit_to_again_and_again_is_left_to_them(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        with pytest.raises(CommitConflictError):
            publish(Troubled(self.opened(lake), ["refused"] * ROUNDS), lake.wanted)
        assert self.rows(lake) == []

    def test_where_another_is_in_the_way_of_a_look_it_is_looked_again(self, lake):
        class InTheWay(Troubled):
            def read(self):
                if self.troubles:
                    raise CommitConflictError(self.troubles.pop())
                self.table.read()

        lake.put(rows_of(0, ["txn_a"]))
        assert publish(InTheWay(self.opened(lake), ["locked"] * (ROUNDS - 1)), lake.wanted).added == 1
        with pytest.raises(CommitConflictError, match="locked"):
            publish(InTheWay(self.opened(lake), ["locked"] * ROUNDS), lake.wanted)

    @pytest.mark.parametrize("meanwhile", ["tidied", "published"])
    def test_who_tidies_a_table_beside_others_does_what_is_left(self, lake, meanwhile):
        def others(cutoff):
            if meanwhile == "published":
                lake.put(rows_of(9, ["txn_z"]))
                self.published(lake)
            tidied(self.opened(lake), cutoff, act=True)

        class Late(Troubled):
            """A table that others are first at, once it was looked at."""

            def tidy(self, cutoff, *, act):
                if act and self.troubles:
                    self.troubles.pop()
                    others(cutoff)
                return self.table.tidy(cutoff, act=act)

        for day in range(2):
            lake.put(rows_of(day, [f"txn_{day}"]))
            self.published(lake)
        late = Late(self.opened(lake), ["others"])
        tidied(late, time.time() + 9, act=True)
        assert late.troubles == []
        assert self.rows(lake) == lake.rows()

    @pytest.mark.slow
    @pytest.mark.parametrize("other", ["publishes another day", "publishes the same day", "tidies"])
    @pytest.mark.parametrize("does", ["makes the table", "adds columns", "replaces a day", "tidies"])
    def test_at_whatever_call_another_comes_in_between_both_are_done(self, tmp_path, does, other):
        for place in count():
            lake = Lake(tmp_path / f"{place}")
            calls = self.with_another_at(place, lake, does, other)
            assert self.rows(lake) == lake.rows(), (place, calls)
            assert publish(self.opened(lake), lake.wanted) == Published(TABLE), (place, calls)
            if len(calls) <= place:
                break
        assert place > 1

    def with_another_at(self, place, lake, does, other):
        """Have one at work, and another do all that it does before the call of this number; return the calls."""
        calls = []

        def hook(name):
            calls.append(name)
            if len(calls) != place + 1:
                return
            if other == "tidies":
                tidied(self.opened(lake), time.time() + 9, act=True)
                return
            lake.put(rows_of(0 if other == "publishes the same day" else 9, ["txn_z"]))
            self.published(lake)

        if does != "makes the table":
            for turn in range(3):
                lake.put(rows_of(0, [f"txn_{turn}"]))
                self.published(lake)
            self.aged(lake)
        lake.source_columns = does == "adds columns"
        if does != "tidies":
            lake.put(rows_of(0, ["txn_a"]))
            publish(self.hooked(lake, hook), lake.wanted)
        else:
            tidied(self.hooked(lake, hook), time.time() + 9, act=True)
        return calls

    def test_a_lost_answer_is_looked_up(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        publish(Troubled(self.opened(lake), ["lost"]), lake.wanted)
        assert self.rows(lake) == lake.rows()
        assert self.commits(lake) == 1

    def test_an_error_that_stays_is_raised(self, lake):
        class Failing(Troubled):
            def commit(self, change):
                raise StorageError("the disk is full")

        lake.put(rows_of(0, ["txn_a"]))
        with pytest.raises(StorageError, match="the disk is full"):
            publish(Failing(self.opened(lake)), lake.wanted)
        assert self.rows(lake) == []

    def holds_each_row_once(self, lake, data):
        """Whatever happens to publishers; a subclass hands in what is drawn."""
        days = st.integers(0, 2)
        names = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)
        troubles = st.lists(st.sampled_from(["killed", "lost", "refused", "killed after", "none"]), max_size=3)
        states = [lake.wanted()]
        for _ in range(data.draw(st.integers(1, 4))):
            account = data.draw(st.sampled_from([ACCOUNT, "acct_2"]))
            day, ids = data.draw(days), data.draw(names)
            rows = rows_of(day, [f"txn_{account}_{day}_{one}" for one in sorted(ids)])
            if data.draw(st.booleans()):
                lake.write(rows, account)  # killed between the file and the record
            else:
                lake.put(rows, account)
                states.append(lake.wanted())
            late, current = data.draw(st.sampled_from(states)), lake.wanted()
            given_ = [late, current] if data.draw(st.booleans()) else [current]
            table = Troubled(self.opened(lake), data.draw(troubles))
            held = self.rows(lake)
            try:
                publish(table, partial(_in_turn, lake, given_))
            except Killed:
                now = self.rows(lake)
                assert now in [held, _ids_of(lake, late), _ids_of(lake, current)]
            except StateError:
                assert newer_than(self, lake, late)
            assert len(set(self.rows(lake))) == len(self.rows(lake))
        self.published(lake)
        assert self.rows(lake) == lake.rows()
        before = self.commits(lake)
        self.published(lake)
        assert self.commits(lake) == before

    # Others -----------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("later", [False, True], ids=["at once", "after other records"])
    def test_a_file_that_another_tool_took_out_is_named_and_put_back_on_demand(self, lake, later):
        gone = lake.put(rows_of(0, ["txn_a"]))
        lake.put(rows_of(1, ["txn_b"]))
        self.published(lake)
        self.forget(lake, gone.path)
        if later:
            lake.note()
        with pytest.raises(TableAlteredError, match="repair") as caught:
            self.published(lake)
        assert caught.value.alterations == (Alteration(gone.path, "missing"),)
        assert self.published(lake, repair=True).mended == 1
        assert self.rows(lake) == lake.rows()

    def test_all_files_of_an_account_that_another_tool_took_out_are_named_too(self, lake):
        gone = lake.put(rows_of(0, ["txn_a"]))
        lake.put(rows_of(0, ["txn_b"]), "acct_2")
        self.published(lake)
        self.forget(lake, gone.path)
        with pytest.raises(TableAlteredError) as caught:
            self.published(lake)
        assert caught.value.alterations == (Alteration(gone.path, "missing"),)
        self.published(lake, repair=True)
        assert self.rows(lake) == lake.rows()

    def test_a_file_that_another_tool_wrote_is_named_and_taken_out_on_demand(self, lake):
        file = lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        (lake.root / FOREIGN).write_bytes((lake.root / file.path).read_bytes())
        self.slip_in(lake, FOREIGN)
        assert len(self.rows(lake)) == 2
        lake.put(rows_of(1, ["txn_b"]))
        with pytest.raises(TableAlteredError) as caught:
            self.published(lake)
        assert caught.value.alterations == (Alteration(FOREIGN, "foreign"),)
        self.published(lake, repair=True)
        assert self.rows(lake) == lake.rows()

    def test_a_file_of_ours_that_no_state_names_any_more_is_found_in_a_table_that_is_up_to_date(self, lake):
        old = lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        lake.put(rows_of(0, ["txn_b"]))
        self.published(lake)
        self.slip_in(lake, old.path)
        with pytest.raises(TableAlteredError) as caught:
            self.published(lake)
        assert caught.value.alterations == (Alteration(old.path, "foreign"),)

    def test_where_the_record_is_gone_files_of_ours_are_believed(self, lake):
        gone = lake.put(rows_of(0, ["txn_a"]))
        lake.put(rows_of(1, ["txn_b"]))
        self.published(lake)
        self.forget(lake, gone.path)
        lake.note()
        lake.history.clear()
        assert self.published(lake).added == 1
        assert self.rows(lake) == lake.rows()

    def test_a_table_that_is_ahead_of_the_state_is_left_alone(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        before = lake.wanted()
        lake.put(rows_of(0, ["txn_b"]))
        self.published(lake)
        with pytest.raises(StateError, match="put back to an earlier one"):
            publish(self.opened(lake), lambda _: before)
        assert [one[2] for one in self.rows(lake)] == ["txn_b"]

    def test_a_table_of_a_lake_whose_state_is_gone_is_not_emptied(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        with pytest.raises(StateError):
            publish(self.opened(lake), Lake(lake.root).wanted)
        assert self.rows(lake) == lake.rows()

    def test_a_table_that_is_partitioned_otherwise_is_not_ours(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        other = replace(lake, partition=Granularity.MONTH, files={})
        other.put(rows_of(0, ["txn_a"]))
        with pytest.raises(ConfigError, match="not one of ours"):
            self.published(other)

    def test_nothing_is_printed(self, lake, capfd):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        lake.source_columns = True
        lake.put(rows_of(1, ["txn_b"]))
        self.published(lake)
        assert capfd.readouterr() == ("", "")


def _in_turn(lake, states, revisions):
    """What a state says, the next one at each look, and what the table was published by."""
    found = states.pop(0) if len(states) > 1 else states[0]
    return replace(found, published=lake.wanted(revisions).published)


def _ids_of(lake, wanted):
    return replace(lake, files=dict(wanted.files)).rows()


def newer_than(contract, lake, wanted) -> bool:
    table = contract.opened(lake)
    table.read()
    held = table.contents()
    return any(number > wanted.revisions.get(name, 0) for name, number in held.revisions.items())
