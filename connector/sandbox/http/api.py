"""The API's routes as one function from a request to an answer. Pure but for the world, which some faults change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from connector.sandbox.core import objects
from connector.sandbox.core.view import View
from connector.sandbox.http import problems
from connector.sandbox.http.access import Caller, Keys, identify
from connector.sandbox.http.edits import SPOILING, spoil
from connector.sandbox.http.expand import apply, parse_paths
from connector.sandbox.http.lists import Lists, rows_json
from connector.sandbox.http.query import parse_list, parse_single

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox.core.world import World
    from connector.sandbox.http.expand import Tree
    from connector.sandbox.http.faults import Fault, Faults
    from connector.sandbox.http.query import ListQuery

PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One named operation, the unit of Stripe's endpoint limits.

    Attributes:
        name: as in statistics and faults.
        scope: what a restricted key needs.
        type: of the object, or of a list's members.
        noun: as in "No such …".
        prefixes: of ids that can be retrieved; empty where there is nothing to name.
        param: how a retrieval's error names its parameter.
        times: time parameters of a list.
        filters: other parameters of a list; None where the answer is one object.
        ignored: parameters of a retrieval that are accepted.
    """

    name: str
    scope: str
    type: str
    noun: str = ""
    prefixes: tuple[str, ...] = ()
    param: str = "id"
    times: tuple[str, ...] = ()
    filters: tuple[str, ...] | None = None
    ignored: tuple[str, ...] = ()


_ROWS = "rak_balance_transaction_source_read"
_ACCOUNTS = "rak_accounts_kyc_basic_read"
BALANCE = Endpoint("balance", "rak_balance_read", "balance")
ROW_LIST = Endpoint(
    "balance_transactions",
    _ROWS,
    "balance_transaction",
    "balance transaction",
    ("txn_",),
    times=("created",),
    filters=("currency", "payout", "source", "type"),
)
ROW = Endpoint("balance_transactions/{id}", _ROWS, "balance_transaction", "balance transaction", ("txn_",))
PAYOUT_LIST = Endpoint(
    "payouts",
    "rak_payout_read",
    "payout",
    "payout",
    ("po_",),
    times=("arrival_date", "created"),
    filters=("destination", "status"),
)
PAYOUT = Endpoint("payouts/{id}", "rak_payout_read", "payout", "payout", ("po_",), "payout")
CHARGE = Endpoint("charges/{id}", "rak_charge_read", "charge", "charge", ("ch_", "py_"))
REFUND = Endpoint("refunds/{id}", "rak_charge_read", "refund", "refund", ("re_", "pyr_"), "refund")
DISPUTE = Endpoint("disputes/{id}", "rak_dispute_read", "dispute", "dispute", ("du_", "dp_"), "dispute")
INTENT = Endpoint(
    "payment_intents/{id}",
    "rak_payment_intent_read",
    "payment_intent",
    "payment_intent",
    ("pi_",),
    "intent",
    ignored=("client_secret",),
)
ACCOUNT = Endpoint("account", _ACCOUNTS, "account")
ACCOUNT_LIST = Endpoint("accounts", _ACCOUNTS, "account", "account", times=("created",), filters=())
OTHER_ACCOUNT = Endpoint("accounts/{id}", _ACCOUNTS, "account", "account", param="account")

_FIXED = {
    "balance": BALANCE,
    "balance_transactions": ROW_LIST,
    "balance/history": ROW_LIST,
    "payouts": PAYOUT_LIST,
    "account": ACCOUNT,
    "accounts": ACCOUNT_LIST,
}
_BY_ID = {
    "balance_transactions": ROW,
    "balance/history": ROW,
    "payouts": PAYOUT,
    "charges": CHARGE,
    "refunds": REFUND,
    "disputes": DISPUTE,
    "payment_intents": INTENT,
    "accounts": OTHER_ACCOUNT,
}


@dataclass(frozen=True, slots=True)
class Call:
    """An admitted request, with the faults that befall it."""

    endpoint: Endpoint
    object_id: str
    path: str
    query: str
    caller: Caller
    faults: Mapping[str, Fault] = field(default_factory=dict["str", "Fault"])


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body, headers beyond the usual, and how many list members it has."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    rows: int = 0
    logged: bool = True


def route(method: str, path: str) -> tuple[Endpoint, str]:
    """The endpoint of a path, and the id in it.

    Raises:
        RefusedError: 404 for anything else.
    """
    rest = path.removeprefix("/v1/").rstrip("/") if path.startswith("/v1/") else ""
    if method == "GET" and rest in _FIXED:
        return _FIXED[rest], ""
    head, _, object_id = rest.rpartition("/")
    if method == "GET" and head in _BY_ID and object_id:
        return _BY_ID[head], object_id
    raise problems.unknown_route(method, path)


class Api:
    """Answers calls.

    Args:
        world: what there is to see.
        keys: who may see it.
        faults: standing faults are asked of it.
        clamp: pull `limit` into range rather than refuse it.
    """

    def __init__(self, world: World, keys: Keys, faults: Faults, *, clamp: bool = True) -> None:
        self.world: World = world
        self.keys: Keys = keys
        self.faults: Faults = faults
        self.clamp: bool = clamp
        self._lists = Lists(faults)

    def identify(self, headers: Mapping[str, str], endpoint: Endpoint) -> Caller:
        """Who calls.

        Raises:
            RefusedError: 401 or 403.
        """
        deaf = self.faults.standing("drops-account")
        caller = identify(
            headers,
            self.keys,
            self.world,
            revoked=self.faults.accounts("revoked"),
            deaf=deaf is not None
            and deaf.endpoint in {"", endpoint.name}
            and deaf.account in {"", headers.get("Stripe-Account")},
        )
        account, missing = self.world.accounts[caller.account], self.keys.missing
        if caller.restricted and endpoint.scope in missing:
            raise problems.missing_scope(account, endpoint.scope, "live" if self.keys.live else "test")
        if caller.restricted and (permission := endpoint.scope.removeprefix("rak_")) in missing:
            raise problems.missing_permission(account, permission, self.keys.restricted)
        return caller

    def answer(self, call: Call) -> Answer:
        """Answer one call.

        Raises:
            RefusedError: any refusal.
        """
        if "clock-moves" in call.faults:
            self.world.set_clock(self.world.clock() + int(call.faults["clock-moves"].number("seconds", 3_600)))
        view = self._view(call.caller)
        if call.endpoint.filters is None:
            return self._single(call, view)
        query = parse_list(call.query, call.endpoint.times, call.endpoint.filters, clamp=self.clamp)
        tree = parse_paths(query.expand, call.endpoint.type, listed=True, old_intents=call.caller.old_intents)
        if call.endpoint is ROW_LIST:
            return self._rows(call, view, query, tree)
        page = self._lists.payouts if call.endpoint is PAYOUT_LIST else self._lists.accounts
        data, has_more = page(view, query)
        return _listed(call, data, has_more, query, lambda body: apply(body, tree, _resolver(view)))

    def _single(self, call: Call, view: View) -> Answer:
        endpoint = call.endpoint
        paths = parse_single(call.query, endpoint.ignored)
        tree = parse_paths(paths, endpoint.type, listed=False, old_intents=call.caller.old_intents)
        match endpoint.name:
            case "balance":
                found = objects.balance(view)
            case "account":
                found = objects.account(view)
            case "accounts/{id}":
                index = self.world.account_index.get(call.object_id)
                found = None if index is None or view.index not in {0, index} else objects.account(view.of(index))
            case _:
                found = objects.retrieve(view, call.object_id, *endpoint.prefixes)
        if found is None:
            raise problems.no_such(endpoint.noun, call.object_id, endpoint.param)
        return Answer(200, orjson.dumps(apply(found, tree, _resolver(view)), option=PRETTY))

    def _rows(self, call: Call, view: View, query: ListQuery, tree: Tree) -> Answer:
        """Balance transactions: as text while nothing needs them as objects, which is nearly always."""
        page = self._lists.rows(view, query, call.faults)
        if not any(tree.values()) and not SPOILING & call.faults.keys():
            body = rows_json(view.texts(list(page.numbers)), has_more=page.has_more)
            return Answer(200, body, rows=len(page.numbers))
        data = [view.row(number) for number in page.numbers]
        return _listed(call, data, page.has_more, query, lambda body: apply(body, tree, _resolver(view)))

    def _view(self, caller: Caller) -> View:
        now = self.world.clock()
        fault, late = self.faults.standing("async-capture"), self.faults.standing("late-status")
        return View(
            self.world,
            caller.account,
            now,
            livemode=self.keys.live,
            legacy=caller.legacy,
            old_intents=caller.old_intents,
            status_lag=int(late.number("seconds", 21_600)) if late else 0,
            uncaptured_after=now - int(fault.number("seconds", 60)) if fault else 1 << 62,
        )


def _listed(
    call: Call,
    data: list[dict[str, Any]],
    has_more: bool,  # noqa: FBT001 - the API's own flag
    query: ListQuery,
    expand: Callable[[dict[str, Any]], dict[str, Any]],
) -> Answer:
    url = "/v1/balance_transactions" if call.endpoint is ROW_LIST else f"/v1/{call.endpoint.name}"
    body = expand({"object": "list", "data": data, "has_more": has_more, "url": url})
    body = spoil(body, call.faults, query.created)
    return Answer(200, orjson.dumps(body, option=PRETTY), rows=len(body["data"]))


def _resolver(view: View) -> Callable[[str], dict[str, Any] | None]:
    return lambda value: objects.resolve(view, value)
