from __future__ import annotations

from collections import Counter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox import World
from connector.sandbox.core.kinds import DAY, Kind
from connector.sandbox.core.ledger import TIES
from connector.sandbox.core.movements import is_reconciled
from connector.sandbox.core.shapes import SHAPES
from connector.sandbox.core.view import View
from connector.sandbox.http.lists import rows_json
from tests.support.examples import examples

ADDED_ONLY = {kind for kind in Kind if kind >= Kind.STRANGE_BALANCE}
"""Kinds that no history has, only rows that are added."""

SMALL = settings(max_examples=examples(25), deadline=None)


@st.composite
def worlds(draw):
    return World(
        seed=draw(st.integers(0, 10_000)),
        transactions=draw(st.integers(0, 700)),
        shape=draw(st.sampled_from(SHAPES)),
        ties=draw(st.sampled_from(TIES)),
        currencies=draw(st.sampled_from([("usd",), ("eur", "usd"), ("usd", "jpy", "kwd")])),
        connected=draw(st.integers(0, 4)),
        hot=150,
        now=draw(st.integers(1_735_689_600, 1_767_225_600 + 30 * DAY)),
    )


@SMALL
@given(worlds())
def test_a_row_nets_amount_less_fee_and_its_fee_is_the_sum_of_the_details(world):
    for row in world.rows():
        assert row["net"] == row["amount"] - row["fee"]
        assert sum(detail["amount"] for detail in row["fee_details"]) == row["fee"]
        assert all(detail["currency"] == row["currency"] for detail in row["fee_details"])


@SMALL
@given(worlds())
def test_rows_are_as_many_as_asked_newest_first_and_each_id_once(world):
    world.set_clock(world.end)
    for account in world.accounts:
        rows = list(world.rows(account))
        assert len({row["id"] for row in rows}) == len(rows)
        assert [row["created"] for row in rows] == sorted((row["created"] for row in rows), reverse=True)
        born = world.created_of(world.account_index[account])
        assert all(born <= row["created"] < world.end for row in rows)
    assert len(list(world.rows())) == world.transactions


@SMALL
@given(worlds())
def test_the_balance_is_the_sum_of_the_rows_by_type_currency_and_status(world):
    for account in world.accounts:
        sums: Counter[tuple[str, str, str]] = Counter()
        for row in world.rows(account):
            sums[row["balance_type"], row["status"], row["currency"]] += row["net"]
        for balance_type in ("payments", "issuing", "refund_and_dispute_prefunding", "risk_reserved"):
            for status in ("available", "pending"):
                truth = world.net_by_currency(account, balance_type=balance_type, status=status)
                assert {c: n for c, n in truth.items() if n} == {
                    currency: net
                    for (type_, state, currency), net in sums.items()
                    if (type_, state) == (balance_type, status) and net
                }


@SMALL
@given(worlds())
def test_an_automatic_payout_and_what_it_paid_out_sum_to_zero(world):
    ledger = world.ledger()
    for at in ledger.positions((Kind.PAYOUT,)):
        payout = ledger.order[at]
        members = [ledger.order[place] for place in ledger.members(payout)]
        assert sum(ledger.amount[member] - ledger.fee[member] for member in members) == 0
        assert payout in members
        assert all(ledger.available_on(member) <= ledger.created[payout] for member in members if member != payout)
        assert all(ledger.created[member] <= ledger.created[payout] for member in members)


@SMALL
@given(worlds())
def test_the_clock_changes_nothing_of_a_row_but_its_status(world):
    world.set_clock(world.end)
    before = list(world.rows())
    world.set_clock(world.end + 30 * DAY)
    after = list(world.rows())
    assert [row | {"status": "available"} for row in before] == after
    assert all((row["status"] == "available") >= (row["available_on"] <= world.end) for row in before)


@SMALL
@given(worlds())
def test_the_same_seed_gives_the_same_rows(world):
    again = World(**{name: getattr(world, name) for name in ("seed", "transactions", "shape", "ties", "currencies")})
    again.connected, again.hot, again.now = world.connected, world.hot, world.now
    assert list(world.rows()) == list(again.rows())


@SMALL
@given(worlds(), st.integers(0, 100))
def test_a_page_is_written_as_a_pretty_printer_would(world, limit):
    ledger = world.ledger()
    numbers = list(ledger.order[-limit:])[::-1] if limit else []
    page = rows_json(world.renderer().texts(numbers, world.clock()), has_more=True)
    assert page == orjson.dumps(orjson.loads(page), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@SMALL
@given(worlds(), st.lists(st.integers(1_735_689_600, 1_767_225_600), max_size=20))
def test_rows_added_later_take_their_place_in_time_and_in_the_balance(world, moments):
    world.set_clock(world.end)
    ledger = world.ledger()
    world.net_by_currency()
    for created in moments:
        number = ledger.insert(ledger_entry(created))
        assert ledger.order[ledger.position(number)] == number
    rows = list(world.rows())
    assert len(rows) == world.transactions + len(moments)
    assert [row["created"] for row in rows] == sorted((row["created"] for row in rows), reverse=True)
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["currency"]] += row["net"] if row["balance_type"] == "payments" else 0
    assert {c: n for c, n in world.net_by_currency().items() if n} == {c: n for c, n in sums.items() if n}


def ledger_entry(created):
    from connector.sandbox.core.ledger import Entry  # noqa: PLC0415 - a helper of one test

    return Entry(created, Kind.CHARGE, 0, 1_000, 59)


def test_every_kind_of_row_occurs():
    world = World(transactions=20_000, reserves=True)
    kinds = set(world.ledger().kind) | {kind for index in (1, 2, 3) for kind in world.ledger(index).kind}
    assert kinds == set(map(int, Kind)) - ADDED_ONLY


def test_only_where_it_is_told_to_does_a_world_hold_money_that_no_balance_shows():
    kinds = {kind for index in range(4) for kind in World(transactions=20_000).ledger(index).kind}
    assert not kinds & {Kind.RESERVE_HOLD, Kind.RISK_HOLD, Kind.RESERVE_RELEASE, Kind.RISK_RELEASE}


def test_refunds_give_a_share_of_the_fee_back_and_won_disputes_theirs_and_instant_payouts_cost():
    ledger = World(transactions=20_000).ledger()
    fees: dict[Kind, set[int]] = {}
    for number, kind in enumerate(ledger.kind):
        fee = ledger.fee[number]
        fees.setdefault(Kind(kind), set()).add((fee > 0) - (fee < 0))
        if kind == Kind.REFUND and fee:
            paid = ledger.link[number]
            assert fee == -(ledger.fee[paid] * -ledger.amount[number] // ledger.amount[paid])
    assert (fees[Kind.REFUND], fees[Kind.DISPUTE_REVERSAL]) == ({-1, 0}, {-1, 0})
    assert (fees[Kind.DISPUTE], fees[Kind.PAYOUT_MANUAL], fees[Kind.PAYOUT]) == ({1}, {0, 1}, {0})


def test_the_newest_payout_of_each_currency_is_still_being_reconciled():
    world = World(transactions=5_000)
    view = View(world, 0, world.end, livemode=False)
    ledger = world.ledger()
    payouts = [ledger.order[at] for at in ledger.positions((Kind.PAYOUT,))]
    newest = {ledger.currency[number]: number for number in payouts}
    assert set(newest) == {0, 1, 2}
    assert not any(is_reconciled(view, number) for number in newest.values())
    later = View(world, 0, world.end + 2 * DAY, livemode=False)
    assert all(is_reconciled(later, number) for number in payouts)


@pytest.mark.parametrize("ties", TIES)
def test_a_hot_second_follows_the_tie_order(ties):
    world = World(transactions=2_000, shape="second", hot=500, ties=ties)
    ledger = world.ledger()
    second, rows = Counter(ledger.created).most_common(1)[0]
    numbers = [number for number in ledger.order if ledger.created[number] == second]
    assert rows == len(numbers) == 500
    keys = {"insertion": None, "reversed": lambda number: -number, "id": ledger.id_of}
    assert numbers == sorted(numbers, key=keys[ties])


def test_a_converted_payment_shows_apart_what_converting_cost():
    rows = [row for row in World(transactions=3_000, currencies=("eur", "usd")).rows() if row["exchange_rate"]]
    assert {row["currency"] for row in rows} == {"eur", "usd"}
    for row in rows:
        parts = {(part["type"], part["description"]): part["amount"] for part in row["fee_details"]}
        assert parts.pop(("stripe_fee", "Stripe currency conversion fee"), 0) == row["amount"] // 100
        assert ("stripe_fee", "Stripe processing fees") in parts
        assert (("tax", "VAT") in parts) == (row["currency"] == "eur")


def test_some_payouts_are_refused_before_they_arrive_and_some_sent_back_after():
    ledger = World(transactions=12_000).ledger()
    late = set()
    for at in ledger.positions((Kind.PAYOUT_FAILURE,)):
        number = ledger.order[at]
        late.add(ledger.created[number] >= ledger.available_on(ledger.link[number]))
    assert late == {True, False}


def test_money_is_available_at_the_start_of_the_accounts_day_and_payouts_take_no_money_before():
    start = 5 * 3_600 + 1_800
    world = World(transactions=3_000, start_of_day=start, currencies=("usd", "jpy"))
    rows = list(world.rows())
    later = [row for row in rows if row["available_on"] != row["created"] and row["type"] != "payout"]
    assert len(later) > 2_000
    assert {row["available_on"] % DAY for row in later} == {start}
    assert {row["available_on"] % DAY for row in rows if row["reporting_category"] == "payout"} == {0}
    ledger = world.ledger()
    paid = [(number, payout) for number, payout in enumerate(ledger.payout) if payout not in {-1, number}]
    assert paid
    assert all(ledger.available_on(number) <= ledger.created[payout] for number, payout in paid)


def test_a_day_starts_within_a_day():
    for start in (-1, DAY):
        with pytest.raises(ValueError, match="start_of_day"):
            World(start_of_day=start)


def test_taxes_that_are_withheld_are_fees_of_their_own_type():
    rows = [row for row in World(transactions=500, currencies=("mxn",)).rows() if row["type"] == "charge"]
    assert rows
    for row in rows:
        parts = {part["type"]: part["amount"] for part in row["fee_details"]}
        assert parts["withheld_tax"] == row["fee"] // 6
