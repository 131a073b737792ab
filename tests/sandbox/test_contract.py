"""Every object served has the shape of Stripe's own OpenAPI document, and at least the fields of its fixtures.

Both are looked for in a `reference` folder beside the checkout; without them these tests are skipped, and
`test_accounting` and `test_sdk` still hold the sandbox to account.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from connector.sandbox import World
from connector.sandbox.core import objects
from connector.sandbox.core.kinds import Kind
from connector.sandbox.core.view import View

SPEC = next(Path(__file__).parents[3].glob("*/reference/openapi-subset.json"), Path("openapi-subset.json"))
FIXTURES = SPEC.with_name("fixtures-subset.json")
EACH = 6
"""Rows of each kind looked at, per account."""

TRANSIENT = {
    "charge": {"refunds"},
    "payment_intent": {"charges"},
    "account": {"company", "individual"},
    "refund": {"description"},
    "payout": set(),
}
"""Fields of a fixture that current versions no longer send unless expanded."""

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="Stripe's OpenAPI document is not beside the checkout")


@cache
def components() -> dict[str, Any]:
    return as_json_schema(orjson.loads(SPEC.read_bytes())["components"])


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 to JSON Schema: `nullable` becomes a union with null."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: as_json_schema(value) for key, value in node.items()}
    return {"anyOf": [plain, {"type": "null"}]} if plain.pop("nullable", False) is True else plain


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components()})


def faults_of(served: dict[str, Any]) -> list[str]:
    """What is wrong with an object: schema violations, fields missing though always present, fields unheard of."""
    name = served["object"]
    found = [
        f"{name}.{'.'.join(map(str, e.absolute_path))}: {e.message[:120]}" for e in validator(name).iter_errors(served)
    ]
    known = orjson.loads(SPEC.read_bytes())["components"]["schemas"][name]["properties"]
    found += [f"{name} lacks {f}" for f, rule in known.items() if rule.get("x-always-present") and f not in served]
    return found + [f"{name} has {field}, which Stripe has not" for field in served if field not in known]


@pytest.fixture(scope="module")
def served() -> dict[str, list[dict[str, Any]]]:
    """Objects of every type, from every account of a world: rows, their sources, and what those lead to."""
    world, out = World(transactions=12_000), dict[str, list[dict[str, Any]]]()
    for index in range(4):
        view, left = View(world, index, world.end, livemode=False), dict.fromkeys(range(len(Kind)), EACH)
        found = [objects.account(view), objects.balance(view)]
        for number, kind in enumerate(view.ledger.kind):
            if left[kind]:
                left[kind] -= 1
                found += lead_from(view, view.row(number))
        for item in found:
            out.setdefault(item["object"], []).append(item)
    return out


def lead_from(view: View, row: dict[str, Any]) -> list[dict[str, Any]]:
    found = [row]
    if row["source"]:
        source = objects.resolve(view, row["source"])
        assert source is not None
        assert source["id"] == row["source"]
        found.append(source)
        for field in ("payment_intent", "destination_payment", "source_transfer", "transfer", "charge", "fee"):
            if source.get(field):
                linked = objects.resolve(view, source[field])
                assert linked is not None
                assert linked["id"] == source[field]
                found.append(linked)
    return found


def test_every_object_served_has_the_shape_stripe_documents(served):
    wrong = {fault for items in served.values() for item in items for fault in faults_of(item)}
    assert not wrong


def test_objects_of_all_types_a_row_can_lead_to_are_served(served):
    assert set(served) == {
        "account", "application_fee", "balance", "balance_transaction", "charge", "dispute", "fee_refund",
        "issuing.transaction", "payment_intent", "payout", "refund", "reserve_transaction", "topup", "transfer",
        "transfer_reversal",
    }  # fmt: skip


def test_objects_have_the_fields_of_the_official_fixtures(served):
    fixtures = orjson.loads(FIXTURES.read_bytes())["resources"]
    for name, items in served.items():
        if name in {"reserve_transaction", "account", "balance"}:
            continue
        missing = fixtures[name].keys() - items[0].keys() - TRANSIENT.get(name, set())
        assert not missing, name


def test_rows_and_sources_agree_on_money(served):
    rows = {row["source"]: row for row in served["balance_transaction"] if row["type"] in {"charge", "payment"}}
    for charge in served["charge"]:
        row = rows.get(charge["id"])
        if row is not None and row["exchange_rate"] is None:
            assert (charge["amount"], charge["currency"]) == (row["amount"], row["currency"])
        elif row is not None:
            assert charge["currency"] != row["currency"]
            assert round(charge["amount"] * row["exchange_rate"]) == row["amount"]
