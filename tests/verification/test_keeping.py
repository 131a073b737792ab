"""`verify` keeps its verdict in the lake."""

from __future__ import annotations

import json
import shutil

import pytest

from connector.core.state.kept_verdict import KeptLayer, KeptVerdict, from_document, to_document
from connector.errors import StateError
from connector.lake.state.kept_verdicts import keep_verdicts, load_verdict
from connector.lake.stores.local import LocalStore
from tests.support.fitting import fits
from tests.verification.doctoring import busiest, check, rewrite, the_state


def kept(lake):
    state = the_state(lake)
    found = load_verdict(LocalStore(lake), state.account)
    assert found is not None
    return {one.layer: one for one in found.layers}


def test_each_layer_is_kept_with_when_it_was_checked_and_of_which_record(busy, lake):
    shutil.rmtree(lake / "_stripe_balance" / "verdicts")
    verdict = check(lake, busy)
    found = kept(lake)
    assert {name: one.verdict for name, one in found.items()} == {one.layer: one.verdict for one in verdict.layers}
    assert {one.reason for one in found.values()} == {one.reason for one in verdict.layers}
    assert {one.lake_record for one in found.values()} == {the_state(lake).number}
    assert len({one.checked_at for one in found.values()}) == 1
    (path,) = (lake / "_stripe_balance" / "verdicts").iterdir()
    fits(json.loads(path.read_text()), "kept_verdict")


def test_a_layer_that_was_left_out_stays_as_it_was_last_found(busy, lake):
    check(lake, busy)
    before = kept(lake)
    rewrite(lake, busiest(the_state(lake)).path, lambda rows: rows[1:], fix=False)
    check(lake, layers=["rows"])
    after = kept(lake)
    assert after["rows"].verdict == "residual"
    assert after["rows"].findings
    assert {name: after[name] for name in ("windows", "payouts", "balance")} == {
        name: before[name] for name in ("windows", "payouts", "balance")
    }


def test_a_record_that_is_damaged_counts_as_none_and_is_replaced(lake):
    account = the_state(lake).account
    path = lake / "_stripe_balance" / "verdicts" / f"{account}.json"
    path.write_text('{"layers": 1}')
    assert load_verdict(LocalStore(lake), account) is None
    check(lake)
    assert kept(lake)["rows"].verdict == "proved"


def test_a_lake_that_cannot_be_written_is_left_as_it_is(lake):
    store = LocalStore(lake)
    account = the_state(lake).account
    before = load_verdict(store, account)
    (lake / "_stripe_balance" / "verdicts").rename(lake / "_stripe_balance" / "elsewhere")
    (lake / "_stripe_balance" / "verdicts").write_text("a file where a folder is needed")
    keep_verdicts(store, [KeptVerdict(account, ())])
    (lake / "_stripe_balance" / "verdicts").unlink()
    (lake / "_stripe_balance" / "elsewhere").rename(lake / "_stripe_balance" / "verdicts")
    assert load_verdict(store, account) == before


@pytest.mark.parametrize(
    "change", [{"record_version": 2}, {"table": "states"}, {"account": "../x"}, {"more": 1}, {"layers": [{}]}]
)
def test_what_makes_no_sense_is_refused(change):
    whole = to_document(KeptVerdict("acct_1", (KeptLayer("rows", "proved", "all", 1, 2),)))
    assert from_document(whole, where="x").layers[0].lake_record == 2
    with pytest.raises(StateError, match="damaged"):
        from_document({**whole, **change}, where="x")
