from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType

import jsonschema
import pytest

from connector import schemas
from connector.core.state.data_file import DataFile, with_changes
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState, to_document
from connector.core.time.intervals import Intervals
from connector.core.units import AccountId
from connector.errors import ConfigError, ManifestError
from connector.lake.state.file_check import Difference
from connector.lake.state.table_states import accounts, check_destination, compare, load, save
from connector.lake.stores.local import LocalStore
from tests.support.samples import PARQUET, START, WHOLE, Row, write

ACCOUNT = AccountId("acct_1")
WHERE = "_stripe_balance/state/acct_1.json"


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


@pytest.fixture
def state(store) -> TableState:
    file = write(store, PARQUET, [[Row(START, "txn_a", status="pending")]]).file
    empty = TableState(ACCOUNT, "parquet", Granularity.DAY, read_until=START + 99, api_versions=("2026-01-01.x",))
    return save(store, replace(empty.with_files([file], WHOLE), options=MappingProxyType({"expand": ["source"]})))


def tampered(store: LocalStore, **changes) -> None:
    document = json.loads(store.read(WHERE).data)
    store.write(WHERE, json.dumps({**document, **changes}).encode())


def test_what_is_saved_is_loaded_and_each_save_counts(store, state):
    assert load(store, ACCOUNT) == state
    assert state.revision == 1
    assert save(store, state).revision == 2
    assert load(store, ACCOUNT) == replace(state, revision=2)


def test_the_same_state_is_the_same_bytes_and_reads_well(store, state):
    before = store.read(WHERE).data
    save(store, replace(state, revision=0))
    assert store.read(WHERE).data == before
    assert b'\n  "covered": [\n' in before
    assert before.endswith(b"}\n")


def test_the_document_fits_its_schema_and_every_property_is_described(state):
    schema = schemas.load("table_state")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(to_document(state))))
    entry = DataFile(next(iter(state.files)), 1, 1, "0" * 64, 1, 2, {"usd": 2**70}, 0, None)
    more = json.loads(json.dumps(to_document(state.with_files([entry], Intervals()))))
    jsonschema.Draft202012Validator(schema).validate(more)
    shapes = [schema, schema["$defs"]["data_file"]]
    assert all(shape["description"] for shape in shapes)
    assert all(member["description"] for shape in shapes for member in shape["properties"].values())
    later = {"account_created", "audit"}  # states of before these were kept have none
    assert set(schema["required"]) == set(schema["properties"]) - later


def test_an_empty_destination_has_no_state(store):
    assert load(store, ACCOUNT) is None
    assert accounts(store) == []
    check_destination(store, "jsonl.zst", Granularity.DAY, {})
    assert not store.root.exists()


def test_sums_beyond_64_bits_survive(store, state):
    large = with_changes(next(iter(state.files.values())), net={"usd": 2**70})
    save(store, state.with_files([large], Intervals()))
    assert load(store, ACCOUNT).net() == {"usd": 2**70}


def test_accounts_are_those_with_a_state(store, state):
    save(store, TableState(AccountId("acct_0"), "parquet", Granularity.DAY))
    assert accounts(store) == ["acct_0", "acct_1"]
    store.write("_stripe_balance/state/notes.txt", b"")
    with pytest.raises(ManifestError, match=r"notes\.txt"):
        accounts(store)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "damaged"),
        (b"\xff", "damaged"),
        (b"[]", "not a state"),
        (b'{"state_version": 2}', "upgrade"),
        (b'{"state_version": 1}', "damaged"),
        (b'{"state_version": 1, "account": "../x"}', "damaged"),
    ],
)
def test_damaged_foreign_and_newer_states_are_refused(store, content, says):
    store.write(WHERE, content)
    with pytest.raises(ManifestError, match=says):
        load(store, ACCOUNT)


def test_a_state_under_another_name_is_refused(store, state):
    store.write("_stripe_balance/state/acct_2.json", store.read(WHERE).data)
    with pytest.raises(ManifestError, match="about acct_1"):
        load(store, AccountId("acct_2"))


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/passwd", "balance_transactions/account=acct_2/a", "balance_transactions/account=acct_1/../x", "x"],
)
def test_a_state_that_names_files_elsewhere_is_refused(store, state, path):
    entry = json.loads(store.read(WHERE).data)["files"][0]
    tampered(store, files=[{**entry, "path": path}])
    with pytest.raises(ManifestError, match="not a data file of acct_1"):
        load(store, ACCOUNT)


def test_a_destination_keeps_the_format_partition_and_options_it_was_made_with(store, state):
    check_destination(store, "parquet", Granularity.DAY)
    check_destination(store, "parquet", Granularity.DAY, {"expand": ["source"]})
    with pytest.raises(ConfigError, match="made with format parquet, and arrow was asked for"):
        check_destination(store, "arrow", Granularity.DAY)
    with pytest.raises(ConfigError, match="made with partition day"):
        check_destination(store, "parquet", Granularity.MONTH)
    with pytest.raises(ConfigError, match="was made with `expand=source`, and is now asked for without `expand`"):
        check_destination(store, "parquet", Granularity.DAY, {})


def test_files_are_compared_by_existence_and_size_and_fully_by_their_bytes(store, state):
    path = next(iter(state.files))
    assert compare(store, state) == compare(store, state, full=True) == []
    data = store.read(path).data
    store.write(path, data[:-1] + b"x")
    assert compare(store, state) == []
    assert compare(store, state, full=True) == [Difference(path, "changed")]
    store.write(path, data + b"x")
    assert compare(store, state) == [Difference(path, "changed")]
    store.delete(path)
    extra = "balance_transactions/account=acct_1/created_date=2020-01-01/other.parquet"
    store.write(extra, b"")
    assert compare(store, state) == [Difference(extra, "extra"), Difference(path, "missing")]
