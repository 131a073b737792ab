"""Records say the difference between two states: laws over any of them, and the shape they have on disk."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import schemas
from connector.core.state.data_file import DataFile, Listing, ParkedFile
from connector.core.state.drift import Drift, DriftFinding
from connector.core.state.partition import Granularity
from connector.core.state.payouts import Payout
from connector.core.state.payouts_record import COLUMNS
from connector.core.state.rebase import rebased
from connector.core.state.record import (
    EVERY,
    NOTHING,
    RECORD_VERSION,
    SETS,
    ExpectedRecord,
    Fields,
    Parts,
    Record,
    applied,
    changes,
    checkpoint_due,
    from_json,
    parts_after,
)
from connector.core.state.stored_json import struct_to_json
from connector.core.state.tables import BALANCES, PAYOUTS, TRANSACTIONS, Origin
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import CommitConflictError, StateError
from tests.support.fitting import fits

ACCOUNT = "acct_1"
FOLDER = f"balance_transactions/account={ACCOUNT}/"
EXPECTED = ExpectedRecord("here", "balance_transactions", ACCOUNT, 2, (FOLDER,), "sync to a new destination")

seconds = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(1, 10**5)).map(lambda pair: Interval(pair[0], sum(pair))), max_size=4
).map(Intervals.of)
nets = st.dictionaries(st.sampled_from(["eur", "usd"]), st.integers(-(2**70), 2**70), max_size=2)
days = st.integers(1, 28)


def path_of(day: int) -> str:
    return f"{FOLDER}created_date=2026-01-{day:02d}/part-0.parquet"


def parked_file(day: int) -> DataFile:
    return DataFile(
        f"_stripe_balance/parked/balance_transactions/{ACCOUNT}/000000{day:02d}.created_date=2026-01-01.20260101T000000Z-0a.arrow",
        1,
        1,
        "0" * 64,
    )


files = st.builds(
    DataFile,
    path=days.map(path_of),
    rows=st.integers(1, 10**9),
    bytes=st.integers(1, 2**40),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    first_created=st.integers(0, 2**33),
    last_created=st.integers(0, 2**33),
    net=nets,
    pending=st.integers(0, 99),
    pending_from=st.none() | st.integers(0, 2**33),
    pending_created=st.none() | st.tuples(st.integers(0, 2**33), st.integers(0, 2**33)),
    refreshed=st.integers(0, 2**33),
    apart=st.none() | st.dictionaries(st.just("issuing"), nets, max_size=1),
    witnessed=st.integers(0, 2**33),
    hidden=st.just(()) | st.just(("source",)),
    listings=st.none() | st.dictionaries(st.just("po_1"), st.builds(Listing, st.integers(0, 9), nets)),
)
parked = st.builds(
    ParkedFile,
    file=days.map(parked_file),
    within=st.just(((1, 5), (7, 9))),
    run=st.just("run"),
)
payouts = st.builds(
    Payout,
    id=days.map(lambda day: f"po_{day}"),
    created=st.integers(0, 2**33),
    arrival_date=st.integers(0, 2**33),
    amount=st.integers(-(2**40), 2**40),
    currency=st.just("usd"),
    status=st.sampled_from(["paid", "failed"]),
    automatic=st.booleans(),
    reconciliation_status=st.none() | st.just("completed"),
)
findings = st.builds(
    DriftFinding, st.just("unknown_field"), st.sampled_from(["a", "b"]), st.integers(1, 9), st.just("txn_1")
)
fields = st.builds(
    Fields,
    format=st.sampled_from(["parquet", "arrow"]),
    partition=st.sampled_from(Granularity),
    livemode=st.none() | st.booleans(),
    options=st.just({}) | st.just({"expand": ["source"]}),
    api_versions=st.lists(st.sampled_from(["2026-10-28.endive", "2022-11-15"]), unique=True).map(tuple),
    drift=st.lists(findings, max_size=2).map(lambda some: Drift.of(some).findings),
    read_until=st.integers(0, 2**33),
    read_at=st.none() | st.integers(0, 2**33),
    account_created=st.integers(0, 2**33),
    columns=st.integers(1, 2),
    turn=st.integers(0, 2**33),
    silent=st.integers(0, 2**33),
    suspects=st.just(()) | st.just(((1, 5, 3), (0, 9, 2))),
)


def by(key: str, some: Any) -> Any:
    return st.lists(some, max_size=4).map(lambda found: MappingProxyType({getattr(one, key): one for one in found}))


states = st.builds(
    Parts,
    fields=fields,
    seconds=st.fixed_dictionaries(dict.fromkeys(SETS, seconds)),
    files=by("path", files),
    lost=by("path", files),
    parked=by("path", parked),
    payouts=by("id", payouts),
)


def record_of(base: Parts, new: Parts, number: int = 2) -> Record:
    whole = checkpoint_due(number)
    return Record(
        record_version=RECORD_VERSION,
        table="balance_transactions",
        account=ACCOUNT,
        number=number,
        base=None if whole else number - 1,
        commit="c",
        run="r",
        written=3,
        lowest=1 if whole else None,
        **changes(NOTHING if whole else base, new),
    )


@given(states, states)
def test_what_a_record_says_makes_the_one_state_of_the_other_through_its_text(base, new):
    record = record_of(base, new)
    text = struct_to_json(record)
    assert from_json(text, EXPECTED) == record
    assert applied(base, from_json(text, EXPECTED)) == new
    assert struct_to_json(from_json(text, EXPECTED)) == text


@given(states, states)
def test_a_checkpoint_does_not_ask_what_was_before_it(other, new):
    assert applied(other, record_of(other, new, EVERY)) == new


@given(states)
def test_nothing_changed_says_nothing(state):
    document = json.loads(struct_to_json(record_of(state, state)))
    assert not document.keys() - {
        "record_version", "table", "account", "number", "base", "commit", "run", "written"
    }  # fmt: skip


@given(states, states)
def test_every_record_fits_its_schema(base, new):
    fits(json.loads(struct_to_json(record_of(base, new))), "state_record")


def test_the_first_record_and_every_so_manyth_hold_everything():
    assert [number for number in range(1, 3 * EVERY + 1) if checkpoint_due(number)] == [1, EVERY, 2 * EVERY, 3 * EVERY]


@given(states, states, states)
def test_records_one_after_the_other_make_the_state_of_the_last_one_wherever_the_checkpoint_is(first, second, third):
    for number in (1, 2 * EVERY, 7 * EVERY):
        parts = [first, second, third]
        befores = [NOTHING, first, second]
        records = [
            record_of(before, new, number + place)
            for place, (before, new) in enumerate(zip(befores, parts, strict=True))
        ]
        assert parts_after(records) == third


@pytest.mark.parametrize("number", [2, 3, EVERY, 5 * EVERY - 1])
def test_a_checkpoint_is_what_says_that_it_goes_on_from_nothing_whatever_its_number(number):
    document = json.loads(struct_to_json(record_of(NOTHING, NOTHING, 2))) | {
        "number": number,
        "base": None,
        "lowest": number,
    }
    expected = replace(EXPECTED, number=number)
    for lowest in (1, number):
        assert from_json(json.dumps(document | {"lowest": lowest}).encode(), expected).base is None
    going_on = document | {"base": number - 1, "lowest": None}
    assert from_json(json.dumps(going_on).encode(), expected).base == number - 1
    for damaged in (
        document | {"lowest": None},
        document | {"lowest": 0},
        document | {"lowest": number + 1},
        document | {"base": number - 1},
        going_on | {"base": number},
        going_on | {"base": number - 2},
    ):
        with pytest.raises(StateError, match="damaged"):
            from_json(json.dumps(damaged).encode(), expected)


def test_the_first_record_goes_on_from_nothing():
    document = json.loads(struct_to_json(record_of(NOTHING, NOTHING, 2))) | {"number": 1, "base": 0}
    with pytest.raises(StateError, match="damaged"):
        from_json(json.dumps(document).encode(), replace(EXPECTED, number=1))


@pytest.mark.parametrize(
    "harm",
    [
        lambda one: one.update(covered={"added": [[9, 5]]}),
        lambda one: one.update(covered={"added": [[5, 9], [9, 12]]}),
        lambda one: one.update(covered={"added": [[-5, 9]]}),
        lambda one: one.update(covered={"added": [[-1, 9]]}),
        lambda one: one.update(covered={"removed": [[5, 5]]}),
        lambda one: one.update(covered={"added": [[5, END_OF_TIME + 1]]}),
        lambda one: one.update(fields={"suspects": [[7, 9, 1], [-1, 5, 3]]}),
        lambda one: one.update(fields={"turn": END_OF_TIME + 1}),
        lambda one: one.update(covered={"added": [[5, 10**15]]}),
        lambda one: one.update(covered={"added": [[5]]}),
        lambda one: one.update(covered=[[5, 9]]),
        lambda one: one.update(base=0),
        lambda one: one.update(base=None),
        lambda one: one.update(number="2"),
        lambda one: one.update(commit=None),
        lambda one: one.update(unknown=1),
        lambda one: one.update(fields={"read_until": -1}),
        lambda one: one.update(fields={"read_until": "soon"}),
        lambda one: one.update(fields={"partition": "week"}),
        lambda one: one.update(fields={"suspects": [[1, 2]]}),
        lambda one: one.update(fields={"suspects": [[2, 2, 3]]}),
        lambda one: one.update(payouts=[{"id": "po_1"}]),
        lambda one: one.update(files=[{"path": path_of(1)}]),
        lambda one: one.update(files=2 * [{"path": path_of(1), "rows": 1, "bytes": 1, "sha256": "0" * 64}]),
        lambda one: one.update(files=[{"path": path_of(1), "rows": 1, "bytes": -1, "sha256": "0" * 64}]),
        lambda one: one.update(parked=[{"path": path_of(1), "rows": 1, "bytes": 1, "sha256": "0" * 64}]),
    ],
)
def test_what_makes_no_sense_is_damage_never_another_error(harm):
    document = json.loads(struct_to_json(record_of(NOTHING, NOTHING)))
    harm(document)
    with pytest.raises(StateError, match=r"here is damaged .*restore it from a backup, or sync to a new"):
        from_json(json.dumps(document).encode(), EXPECTED)


@given(states, st.binary(max_size=60), st.integers(0, 500))
def test_whatever_becomes_of_a_records_bytes_is_a_record_or_a_clear_error(state, put, at):
    text = struct_to_json(record_of(NOTHING, state))
    with suppress(StateError):
        from_json(text[:at] + put + text[at:], EXPECTED)


def bare(schema: Any) -> Any:
    """A schema without words, and without bounds that types cannot say."""
    if isinstance(schema, dict):
        skipped = {"description", "title", "default", "pattern", "const", "enum", "$schema", "$id", "$defs"}
        return {name: bare(one) for name, one in schema.items() if name not in skipped}
    return [bare(one) for one in schema] if isinstance(schema, list) else schema


NAMES = {
    "Fields": "fields",
    "Seconds": "seconds",
    "DataFile": "data_file",
    "ParkedFile": "parked_file",
    "Payout": "payout",
    "Listing": "listing",
    "DriftFinding": "finding",
    "Granularity": "partition",
}


def test_the_schema_says_what_the_types_say_and_describes_all_of_it():
    (_,), found = msgspec.json.schema_components([Record], ref_template="{name}")
    text = json.dumps(bare(found))
    for name, ours in NAMES.items():
        text = text.replace(f'"$ref": "{name}"', f'"$ref": "#/$defs/{ours}"')
    found = json.loads(text)
    schema = schemas.load("state_record")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert bare(schema) == found["Record"]
    assert {ours: bare(schema["$defs"][ours]) for ours in NAMES.values()} == {
        ours: found[name] for name, ours in NAMES.items()
    }
    assert set(NAMES) | {"Record"} == set(found)
    for shape in (schema, *schema["$defs"].values()):
        assert shape["description"]
        assert all(member["description"] for member in shape.get("properties", {}).values())


@pytest.mark.parametrize("spec", [TRANSACTIONS, PAYOUTS, BALANCES])
@given(parts=states)
def test_a_state_put_together_and_taken_apart_is_the_same(spec, parts):
    state = spec.of_parts(parts, Origin(ACCOUNT, 7, 9, "here"))
    assert (state.account, state.number, state.written) == (ACCOUNT, 7, 9)
    again = spec.of_parts(spec.to_parts(state), Origin(ACCOUNT, 7, 9, "here"))
    assert again == state


# Two writers ----------------------------------------------------------------------------------------------------------


@given(states, states)
def test_who_is_alone_has_what_he_wanted(base, new):
    assert rebased(base, new, base) == Parts(**{**parts_of(base), **parts_of(new)})


def parts_of(parts: Parts) -> dict[str, Any]:
    return {name: getattr(parts, name) for name in Parts.__dataclass_fields__}


@given(states, states, states)
def test_both_who_change_different_files_have_theirs_and_none_is_lost(base, ours, theirs):
    try:
        both = rebased(base, ours, theirs)
    except CommitConflictError:
        return
    for path in base.files.keys() | ours.files.keys() | theirs.files.keys():
        was, mine, other = (content(parts, path) for parts in (base, ours, theirs))
        gives_way = mine is None and other != was  # who has only forgotten a file
        assert content(both, path) == (other if mine == was or gives_way else mine)
    for name in SETS:
        added = ours.of(name).minus(base.of(name))
        assert both.of(name) == theirs.of(name).minus(base.of(name).minus(ours.of(name))).union(added)


def content(parts: Parts, path: str) -> str | None:
    return parts.files[path].sha256 if path in parts.files else None


@pytest.mark.parametrize(
    "change",
    [
        {"covered": {"added": [[0, 5], [6, END_OF_TIME]]}},
        {"fields": {"suspects": [[7, 9, 1], [0, 9, 3]]}},
        {"fields": {"read_until": 0, "turn": END_OF_TIME}},
    ],
)
def test_what_is_within_all_of_time_makes_sense(change):
    document = json.loads(struct_to_json(record_of(NOTHING, NOTHING))) | change
    assert from_json(json.dumps(document).encode(), EXPECTED).number == EXPECTED.number


def test_what_a_record_of_payouts_does_not_say_is_as_before_there_were_such_fields():
    origin = Origin("acct_1", 1, 2, "here")
    bare = PAYOUTS.of_parts(Parts(Fields(format="parquet", livemode=None)), origin)
    assert (bare.read_at, bare.columns, bare.api_versions) == (None, COLUMNS, ())
    told = PAYOUTS.of_parts(Parts(Fields(format="parquet", livemode=None, read_at=5, columns=1)), origin)
    assert (told.read_at, told.columns) == (5, 1)
    assert PAYOUTS.of_parts(Parts(Fields(format="parquet", livemode=None, read_at=None)), origin).read_at is None


@pytest.mark.parametrize("spec", [TRANSACTIONS, PAYOUTS, BALANCES], ids=lambda one: one.name)
@pytest.mark.parametrize("lacking", ["format", "partition", "livemode"])
def test_a_state_that_does_not_say_how_its_files_are_made_is_damaged(spec, lacking):
    given_ = {"format": "parquet", "partition": Granularity.DAY, "livemode": None}
    parts = Parts(Fields(**{name: one for name, one in given_.items() if name != lacking}))
    origin = Origin("acct_1", 1, 2, "here")
    if lacking == "partition" and spec is not TRANSACTIONS:
        assert spec.of_parts(parts, origin).format == "parquet"
        return
    with pytest.raises(StateError, match="here is damaged"):
        spec.of_parts(parts, origin)
