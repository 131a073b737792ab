from __future__ import annotations

from itertools import chain

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.config.salt import Salt
from connector.core.privacy import Privacy
from connector.core.state.drift import Drift, DriftFinding
from connector.errors import ConfigError, SchemaError
from connector.tables.balance_transactions import to_batch, to_lines, to_objects
from connector.tables.redact import Redactor
from tests.support.rows import OFFICIAL_ROW, json_values, odd_rows, ordinary_rows, received

SALT = Salt("the salt of the tests, long enough")
SECRET = "jane@example.com"
PART = {"amount": 59, "application": "ca_1", "currency": "usd", "description": "Stripe fees", "type": "stripe_fee"}
CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "customer": "cus_1",
    "billing_details": {"email": SECRET, "name": "Jane", "phone": None},
    "refunds": {"data": [{"id": "re_1", "reason": SECRET}, {"id": "re_2", "reason": None}]},
}
EXPANDED = {**OFFICIAL_ROW, "source": CHARGE, "fee_details": [PART]}

paths = st.sampled_from(
    ["description", "source_object", "source.x", "source.x.y", "source.y", "fee_details.description", "extra.x"]
)
inner = st.dictionaries(st.sampled_from(["x", "y", "z", "id"]), json_values, max_size=3)
rows = st.builds(
    lambda row, source, more: {**row, **more, "source": source},
    ordinary_rows | odd_rows,
    st.none() | st.text(max_size=5) | inner | st.builds(lambda value: {"id": "ch_1", "x": value}, inner),
    st.dictionaries(st.sampled_from(["x", "y"]), json_values, max_size=1),
)


def redacted(row, *, omit=(), hashed=()):
    columnized = Redactor(Privacy(omit, hashed), SALT).rows([row])
    (back,) = to_objects(to_batch(columnized))
    (line,) = to_lines(columnized).column("line").to_pylist()
    assert orjson.loads(line) == back
    return back


def at(value, path):
    """Everything at a path, in lists as well."""
    if not path:
        return [value]
    if isinstance(value, list):
        return list(chain.from_iterable(at(member, path) for member in value))
    return at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def without(value, path):
    """A value without what is at a path."""
    if isinstance(value, list):
        return [without(member, path) for member in value]
    if not isinstance(value, dict):
        return value
    if len(path) == 1:
        return {name: one for name, one in value.items() if name != path[0]}
    return {name: without(one, path[1:]) if name == path[0] else one for name, one in value.items()}


@given(st.lists(rows, max_size=3), st.sets(paths, max_size=3), st.booleans())
def test_what_is_named_is_gone_or_hashed_in_every_format_and_all_else_is_as_received(page, names, hashing):
    page = received(page)
    names = {name for name in names if not any(name.startswith(f"{other}.") for other in names)}
    hashed = names - {"source_object"} if hashing else set()
    columnized = Redactor(Privacy(tuple(names - hashed), tuple(hashed)), SALT).rows(page)
    objects = to_objects(to_batch(columnized))
    assert objects == [orjson.loads(line) for line in to_lines(columnized).column("line").to_pylist()]
    for row, kept in zip(page, objects, strict=True):
        for name in names - {"source_object"}:
            path = name.removeprefix("extra.").split(".")
            found, before = at(kept, path), at(row, path)
            if name in hashed:
                assert [one is None for one in found] == [one is None for one in before] or "source_object" in names
                assert all(one is None or len(one) == 64 for one in found)
            else:
                assert set(found) <= {None}
            row, kept = without(row, path), without(kept, path)  # noqa: PLW2901 - taken out of both, one by one
        if "source_object" in names:
            assert not isinstance(kept.get("source"), dict)
            row, kept = without(row, ["source"]), without(kept, ["source"])  # noqa: PLW2901 - as above
        assert kept == row


@given(st.lists(rows, max_size=3))
def test_equal_rows_stay_equal_and_what_was_received_is_left_alone(page):
    page = received(page)
    before = orjson.dumps(page)
    one, other = (
        Redactor(Privacy(("description",), ("source.x", "extra.y")), SALT).rows(received(page)) for _ in range(2)
    )
    assert to_batch(one).equals(to_batch(other))
    Redactor(Privacy(("description",), ("source.x",)), SALT).rows(page)
    assert orjson.dumps(page) == before


@given(st.lists(odd_rows, max_size=3))
def test_without_extra_nothing_is_kept_that_has_no_column(page):
    batch = to_batch(Redactor(Privacy(("extra",)), None).rows(received(page)))
    for text in batch.column("extra").to_pylist():
        rest = {} if text is None else orjson.loads(text)
        parts = rest.pop("fee_details", None) or []
        assert rest.keys() <= {"$absent"}
        assert all(part is None or part.keys() <= {"$absent"} for part in parts)


def test_nullable_columns_become_null_and_others_as_if_never_received():
    kept = redacted(EXPANDED, omit=("description", "exchange_rate", "fee_details.description", "reporting_category"))
    assert kept["description"] is kept["exchange_rate"] is kept["fee_details"][0]["description"] is None
    assert "reporting_category" not in kept


def test_a_path_reaches_into_objects_and_lists():
    kept = redacted(EXPANDED, omit=("source.billing_details.email",), hashed=("source.refunds.data.reason",))["source"]
    assert kept["billing_details"] == {"name": "Jane", "phone": None}
    assert [one["reason"] for one in kept["refunds"]["data"]] == [SALT.mac(SECRET.encode()), None]


def test_text_is_hashed_as_it_is_and_anything_else_as_its_json():
    kept = redacted(EXPANDED, hashed=("source.customer", "source.billing_details"))["source"]
    assert kept["customer"] == SALT.mac(b"cus_1")
    assert kept["billing_details"] == SALT.mac(b'{"email":"jane@example.com","name":"Jane","phone":null}')


@pytest.mark.parametrize("source", [CHARGE, "ch_1"])
def test_a_hashed_source_is_the_hash_of_its_id_expanded_or_not(source):
    row = {**OFFICIAL_ROW, "source": source}
    assert redacted(row, omit=("source_object",), hashed=("source",))["source"] == SALT.mac(b"ch_1")
    assert redacted(row, omit=("source_object", "source"))["source"] is None
    assert redacted(row, omit=("source_object",))["source"] == "ch_1"


def test_source_columns_are_there_even_where_the_object_is_not_kept_and_hold_what_may_be_kept():
    row = {**EXPANDED, "source": {**CHARGE, "status": "succeeded", "payment_intent": "pi_1"}}
    privacy = Privacy(("source_object", "source.payment_intent"), ("source", "source.customer"))
    batch = to_batch(Redactor(privacy, SALT).rows([row]), source_columns=True)
    (found,) = batch.to_pylist()
    assert found["source_object"] is None
    assert found["source"] == SALT.mac(b"ch_1")
    assert (found["charge_status"], found["charge_payment_intent"]) == ("succeeded", None)
    assert found["charge_customer"] == SALT.mac(b"cus_1")


def test_a_path_that_no_row_has_is_known():
    redactor = Redactor(Privacy(("description", "source.biling_details", "source.billing_details.phone")), SALT)
    assert redactor.not_found == ("source.biling_details", "source.billing_details.phone")
    redactor.rows([{**OFFICIAL_ROW, "source": None}, EXPANDED])
    assert redactor.not_found == ("source.biling_details",)


def test_hashing_needs_a_salt():
    with pytest.raises(ConfigError, match="salt"):
        Redactor(Privacy(hash=("description",)), None)


def test_what_cannot_be_hashed_is_not_quoted():
    deep = SECRET
    for _ in range(400):
        deep = [deep]
    with pytest.raises(SchemaError, match="too deeply") as refused:
        redacted({**OFFICIAL_ROW, "source": {"x": deep}}, hashed=("source.x",))
    assert SECRET not in str(refused.value)


def test_what_differs_is_told_without_values_that_are_not_kept():
    findings = (
        DriftFinding("unknown_field", "livemode", 1, "txn_1"),
        DriftFinding("unknown_value", "fee_details.type=toll", 1, "txn_1"),
        DriftFinding("unknown_value", "reporting_category=x", 1, "txn_1"),
        DriftFinding("unknown_value", "type=teleport", 1, "txn_1"),
    )
    spared = Redactor(Privacy(("reporting_category", "fee_details", "extra")), None).spare(Drift(findings))
    assert [one.name for one in spared.findings] == ["livemode", "type=teleport"]
