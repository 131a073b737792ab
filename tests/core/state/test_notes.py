"""Smaller records of a lake: what `verify` found, what a conversion made, what an account's snapshots are."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from connector.core.state.balances_record import BalancesRecord, snapshots_folder
from connector.core.state.conversion import (
    VERSION,
    ConvertedTable,
    Made,
    Mark,
    as_builtins,
    latest,
    made_in,
    mark_in,
)
from connector.core.state.data_file import DataFile
from connector.core.state.kept_verdict import KeptLayer, KeptVerdict, from_document, to_document
from connector.core.state.stored_json import struct_to_json
from connector.core.units import DAY, AccountId
from connector.errors import StateError

ACCOUNT = AccountId("acct_1")

# Verdicts -------------------------------------------------------------------------------------------------------------


def layer(name, reason="x") -> KeptLayer:
    return KeptLayer(name, "proved", reason, 5, 7, {"missing": 2}, ("a",))


def test_a_later_check_takes_the_place_of_its_layers_and_leaves_the_others():
    kept = KeptVerdict(ACCOUNT, (layer("rows"), layer("windows")))
    after = kept.after(KeptVerdict(ACCOUNT, (layer("windows", "new"), layer("payouts"))))
    assert [(one.layer, one.reason) for one in after.layers] == [("rows", "x"), ("windows", "new"), ("payouts", "x")]
    assert after.account == ACCOUNT


def test_a_verdict_is_read_back_strictly():
    kept = KeptVerdict(ACCOUNT, (layer("rows"),))
    document = to_document(kept)
    assert from_document(document, where="x") == kept
    for harm in ({"account": "x"}, {"record_version": 2}, {"table": "x"}, {"layers": None}, {"more": 1}):
        with pytest.raises(StateError, match="x is damaged"):
            from_document({**document, **harm}, where="x")


# Conversions ----------------------------------------------------------------------------------------------------------

MARK = Mark(version=VERSION, source="lake", format="parquet", partition="day")
TABLE = ConvertedTable(
    table="payouts", account="acct_1", record=3, recorded_at=9, rows=2, files=1, net={"usd": 5}, content="ab"
)


def test_a_mark_is_whole_once_it_says_what_became_of_each_table():
    assert not MARK.whole
    whole = MARK.with_tables((TABLE,))
    assert whole.whole
    assert MARK.with_tables(()).whole
    assert whole.is_of(MARK)
    assert MARK.is_of(whole)
    for other in ({"source": "other"}, {"format": "arrow"}, {"partition": "month"}, {"catalog": "c"}):
        assert not whole.is_of(msgspec.structs.replace(MARK, **other))
    assert as_builtins(TABLE)["net"] == {"usd": 5}


def test_a_mark_is_read_back_strictly():
    for mark in (MARK, MARK.with_tables((TABLE,))):
        assert mark_in(struct_to_json(mark), "x") == mark
    for version in (0, VERSION + 1):
        with pytest.raises(StateError, match=f"x has version {version}"):
            mark_in(struct_to_json(msgspec.structs.replace(MARK, version=version)), "x")
    with pytest.raises(StateError, match="x is damaged"):
        mark_in(struct_to_json(MARK)[:-4], "x")


def test_of_what_was_made_the_last_word_counts_and_what_was_undone_does_not():
    first = Made(table="payouts", account="acct_1", part="2026-01", sources=("a",), rows=1)
    second = msgspec.structs.replace(first, part="2026-02")
    again = msgspec.structs.replace(first, rows=2)
    assert latest([first, second, again]) == {first.key: again, second.key: second}
    assert list(latest([first, second, again])) == [first.key, second.key]
    assert latest([first, second, second.undone]) == {first.key: first}
    assert first.undone.key == first.key
    assert (first.undone.sources, first.undone.rows) == ((), 0)
    assert made_in(struct_to_json((first, second)), "x") == (first, second)
    with pytest.raises(StateError, match="x is damaged"):
        made_in(b"{}", "x")


# Snapshots ------------------------------------------------------------------------------------------------------------


def file(day: int, sha: str = "a") -> DataFile:
    return DataFile(f"balances/account=acct_1/snapshot_date=2026-01-{day:02d}/part-0.parquet", 1, 1, sha * 64)


def test_a_snapshots_file_that_is_lost_stays_named_until_it_is_back():
    record = BalancesRecord(ACCOUNT, "parquet").with_file(file(1)).with_file(file(2))
    assert record.files.keys() == {file(1).path, file(2).path}
    assert record.with_file(file(1, "b")).files[file(1).path].sha256 == "b" * 64
    lost = record.without_file(file(1).path)
    assert (set(lost.files), dict(lost.lost)) == ({file(2).path}, {file(1).path: file(1)})
    again = replace(lost, files={**lost.files, file(1).path: file(1, "b")}).without_file(file(1).path)
    assert again.lost[file(1).path] == file(1)  # as it was when it was first lost
    found = lost.with_found(file(1))
    assert (found.files.keys(), dict(found.lost)) == ({file(1).path, file(2).path}, {})
    assert snapshots_folder(ACCOUNT, 3 * DAY + 5) == "balances/account=acct_1/snapshot_date=1970-01-04"
