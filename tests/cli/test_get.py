"""`get` beyond one account: where an id is looked for, and what is said where it is not."""

from __future__ import annotations

import io
import sys

import anyio
import pytest

from connector.core.api.retry import RetryPolicy
from connector.errors import ProtocolError
from connector.sandbox import Limits, Sandbox, World
from connector.stripe.api import Stripe
from tests.support.fakes import FakeTransport, config, ok


@pytest.fixture
def own(sandbox):
    return next(iter(sandbox.world.rows()))


@pytest.fixture
def theirs(sandbox):
    return next(iter(sandbox.world.rows(sandbox.world.accounts[1])))


@pytest.fixture
def accounts(sandbox):
    return sandbox.world.accounts


def test_an_id_of_another_account_is_not_found_and_says_where_to_look(run, theirs):
    done = run("get", theirs["id"])
    assert (done.status, done.out) == (1, "")
    assert "--account" in done.err
    assert "--all-accounts" in done.err


def test_a_row_is_found_in_the_account_it_is_in(run, own, theirs, accounts):
    assert run("get", theirs["id"], "--account", accounts[1]).lines == [theirs]
    assert run("get", theirs["id"], "--account", accounts[2], "--account", accounts[1]).lines == [theirs]


def test_all_accounts_are_looked_in_and_rows_are_as_received(run, own, theirs):
    done = run("get", theirs["id"], own["id"], theirs["id"], "--all-accounts")
    assert (done.status, done.lines) == (0, [theirs, own, theirs])


def test_an_id_that_is_nowhere_says_how_many_accounts_were_asked(run, accounts):
    done = run("get", "txn_nope", "--all-accounts")
    assert done.status == 1
    assert f"none of the {len(accounts)} accounts" in done.err


def test_an_account_out_of_reach_ends_it(run, own):
    done = run("get", own["id"], "--account", "acct_nope")
    assert (done.status, done.out) == (77, "")


def test_an_account_out_of_reach_among_others_only_matters_for_what_is_not_found(run, theirs, accounts):
    words = ["--account", "acct_nope", "--account", accounts[1]]
    assert run("get", theirs["id"], *words).lines == [theirs]
    done = run("get", theirs["id"], "txn_nope", *words)
    assert (done.status, done.lines) == (77, [theirs])
    assert "acct_nope" in done.err


def test_accounts_and_all_accounts_exclude_each_other(run, own, accounts):
    assert run("get", own["id"], "--all-accounts", "--account", accounts[1]).status == 2


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("source.nope", "cannot be expanded"),
        ("source.payment_intent.customer.default_source.owner", "more than 4 levels"),
    ],
)
def test_a_wrong_path_ends_it_at_once(run, own, theirs, path, words):
    done = run("get", own["id"], own["id"], "--expand", path)
    assert (done.status, done.out) == (1, "")
    assert words in done.err
    assert done.err.count("\n") == 1


def test_a_path_may_go_deeper(run, sandbox, accounts):
    payments = [row["id"] for row in sandbox.world.rows(accounts[1]) if row["type"] == "payment"]
    path = "source.source_transfer.source_transaction"
    sources = [row["source"] for row in run("get", *payments, "--account", accounts[1], "--expand", path).lines]
    transferred = [one["source_transfer"] for one in sources if one["source_transfer"]]
    assert transferred
    assert {one["source_transaction"]["object"] for one in transferred} == {"charge"}


@pytest.mark.parametrize("text", ["txn_1,txn_2", "txn_1;", 'txn_"1"'])
def test_ids_in_one_word_are_refused_before_anything_is_asked(run, text):
    done = run("get", text)
    assert (done.status, done.out) == (2, "")
    assert "is not the id of a balance transaction" in done.err


def test_the_id_of_a_transfer_is_refused_as_what_it_is(run):
    done = run("get", "tr_1234567890")
    assert (done.status, done.out) == (2, "")
    assert "a transfer" in done.err


def test_one_wrong_id_on_stdin_is_found_before_anything_is_asked(run, own, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{own['id']}\n\n  {own['id']}  \nch_1\n"))
    done = run("get", "-")
    assert (done.status, done.out) == (2, "")
    assert "ch_1" in done.err


def test_stdin_that_is_no_text_is_refused(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00"), "utf-8"))
    assert run("get", "-").status == 2


def test_ids_are_looked_for_where_others_were_found(run, environment):
    world = World(transactions=400, connected=50)
    with Sandbox(world, limits=Limits.none()) as many:
        environment.setenv("STRIPE_API_BASE", many.url)
        environment.setenv("STRIPE_API_KEY", many.key)
        account = max(world.accounts[1:20], key=lambda one: sum(1 for _ in world.rows(one)))
        theirs = list(world.rows(account))[:30]
        assert len(theirs) == 30
        done = run("get", *(row["id"] for row in theirs), "--all-accounts", "--rate", 0)
        requests = sum(1 for seen in many.requests() if "/balance_transactions/" in seen.path)
    assert done.lines == theirs
    assert requests < 5 * 55 + 30


def test_an_account_that_cannot_answer_does_not_hide_what_another_has(run, environment, sandbox, theirs, accounts):
    with Sandbox(sandbox.world, limits=Limits.none(), faults=[f"500:account={accounts[2]}"]) as failing:
        environment.setenv("STRIPE_API_BASE", failing.url)
        words = ["--account", accounts[2], "--account", accounts[1], "--retries", 0]
        assert run("get", theirs["id"], *words).lines == [theirs]
        done = run("get", theirs["id"], "txn_nope", *words)
    assert (done.status, done.lines) == (75, [theirs])
    assert accounts[2] in done.err


@pytest.mark.parametrize(
    ("answer", "status"), [({"error": {"message": "no"}}, 75), ({}, 65), ("another row", 65), ([], 75)]
)
def test_an_answer_that_is_not_the_row_asked_for_is_refused(own, sandbox, answer, status):
    other = list(sandbox.world.rows())[1]
    transport = FakeTransport([ok(other if answer == "another row" else answer)])

    async def get():
        async with Stripe(config(retry=RetryPolicy(attempts=1)), transport=transport) as stripe:
            return await stripe.balance_transaction(own["id"])

    with pytest.raises(ProtocolError) as refused:
        anyio.run(get)
    assert refused.value.exit_code == status
    assert transport.closed
