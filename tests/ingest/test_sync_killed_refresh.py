"""A run that dies between a file and the state leaves nothing that the next one would not look at."""

from __future__ import annotations

from shutil import rmtree

import pytest

from connector.core.state.intent import IntendedFile
from connector.core.units import AccountId
from connector.errors import DamagedError, PermissionDeniedError, StateError
from connector.lake.state import intents
from connector.lake.state.table_states import compare, states
from connector.lake.stores.local import LocalStore
from tests.support.dying_store import DiedError, DyingStore
from tests.support.examples import slow_but
from tests.support.lakes import START, objects, run, sandbox, state, touched, truth, world

DAY = 86_400


def differences(lake):
    store = LocalStore(lake)
    return [one for each in states(store) for one in compare(store, each, full=True)]


@pytest.mark.parametrize("step", slow_but([3, 8], range(1, 11)))
def test_files_newer_than_the_state_are_read_again_by_any_run(tmp_path, step):
    with sandbox(world(600)) as stripe_:
        stripe_.advance(20 * DAY)
        run(tmp_path, stripe_)
        for day in (3, 6, 9):
            stripe_.add_rows(count=20, created=START + day * DAY)
        store = DyingStore(tmp_path, dies_at=step)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - dies like a process would
            run(tmp_path, stripe_, services={"store": store}, full_refresh=True)
        run(tmp_path, stripe_)
        assert differences(tmp_path) == []
        assert state(tmp_path).rows == len(objects(tmp_path))
        run(tmp_path, stripe_, full_refresh=True)
        assert objects(tmp_path) == truth(stripe_)
    assert not list((tmp_path / "_stripe_balance" / "intents").rglob("*.json"))


def test_a_run_that_replaces_nothing_announces_nothing(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        announced = tmp_path / "_stripe_balance" / "intents"
        rmtree(announced)  # empty: what the first run announced is done
        run(tmp_path, stripe_, full_refresh=True)
    assert not announced.exists()


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"a": 1}', b'{"intent_version": 2}', b'{"intent_v'])
def test_a_damaged_intent_of_another_run_is_refused_with_what_to_do(tmp_path, damage):
    store, account = LocalStore(tmp_path), AccountId("acct_1")
    said = intents.RunIntents(store, "balance_transactions", account, "one")
    said.write(3, [IntendedFile(folder="a", replaces="1")])
    ((info, intent),) = intents.others(store, "balance_transactions", account, "two")
    assert (intent.run, intent.base, [one.folder for one in intent.files]) == ("one", 3, ["a"])
    assert intents.others(store, "balance_transactions", account, "one") == []
    (tmp_path / info.path).write_bytes(damage)
    with pytest.raises(StateError, match="`repair`"):
        intents.others(store, "balance_transactions", account, "two")


def test_an_intent_is_taken_back_once_it_is_known_what_became_of_every_file(tmp_path):
    store, account = LocalStore(tmp_path), AccountId("acct_1")
    said = intents.RunIntents(store, "payouts", account, "one")
    said.write(3, [IntendedFile(folder="a"), IntendedFile(folder="b")])
    said.settle({"a"})
    said.clear()
    said.write(4, [IntendedFile(folder="c")])
    ((_, intent),) = intents.others(store, "payouts", account, "two")
    assert [one.folder for one in intent.files] == ["b", "c"]
    said.settle({"b", "c"})
    said.clear()
    assert intents.others(store, "payouts", account, "two") == []


def killed_refresh(lake, stripe_, **options):
    """A full refresh that dies once its first data file is published; the state does not say so."""

    class Dying(LocalStore):
        def publish(self, staged, path, **condition):
            version = super().publish(staged, path, **condition)
            if path.startswith("balance_transactions/"):
                raise DiedError
            return version

    with pytest.raises(BaseException):  # noqa: B017, PT011 - dies like a process would
        run(lake, stripe_, services={"store": Dying(lake)}, full_refresh=True, **options)
    assert differences(lake)


def test_a_run_that_fails_at_once_after_a_killed_one_forgets_nothing(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.add_rows(count=3, created=START + 3 * DAY + 5)
        killed_refresh(tmp_path, stripe_)
        stripe_.faults.add("403:endpoint=balance_transactions")
        with pytest.raises(PermissionDeniedError):
            run(tmp_path, stripe_)
        stripe_.faults.clear()
        (account,) = run(tmp_path, stripe_).accounts
        assert account.files_damaged == 0
        assert differences(tmp_path) == []
        assert objects(tmp_path) == truth(stripe_)


def test_rows_that_stripe_lists_no_more_outlive_a_kill(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        before = {row["id"] for row in objects(tmp_path)}
        stripe_.faults.add("gone-rows:p=0.05")
        stripe_.add_rows(count=1, created=START + 3 * DAY + 5)
        killed_refresh(tmp_path, stripe_)
        run(tmp_path, stripe_)
        assert before < {row["id"] for row in objects(tmp_path)}
        assert differences(tmp_path) == []


def test_a_new_file_of_a_killed_run_in_covered_time_is_named_by_the_next(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        empty = START - 20 * DAY
        stripe_.add_rows(count=1, created=empty)
        killed_refresh(tmp_path, stripe_, since=empty - DAY, until=empty + DAY)
        assert [one.kind for one in differences(tmp_path)] == ["extra"]
        run(tmp_path, stripe_)
        assert differences(tmp_path) == []
        assert objects(tmp_path) == truth(stripe_)


def test_a_dry_run_after_a_killed_one_changes_nothing(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.add_rows(count=3, created=START + 3 * DAY + 5)
        killed_refresh(tmp_path, stripe_)
        before = touched(tmp_path)
        run(tmp_path, stripe_, dry_run=True)
        assert touched(tmp_path) == before


@pytest.mark.parametrize("which", ["newer", "older"])
@pytest.mark.parametrize("form", ["parquet", "jsonl.plain", "arrow"])
def test_a_file_damaged_after_a_kill_is_believed_in_nothing(tmp_path, which, form):
    """The file that the killed run replaced, or one it did not come to; a letter of an id is another."""
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_, format=form)
        for day in (3, 6):
            stripe_.add_rows(count=3, created=START + day * DAY + 5)
        killed_refresh(tmp_path, stripe_)
        newer = [one.path for one in differences(tmp_path) if one.kind == "changed"]
        victims = newer if which == "newer" else [path for path in state(tmp_path).files if path not in newer][:8]
        assert victims
        for path in victims:
            content = (tmp_path / path).read_bytes()
            (tmp_path / path).write_bytes(
                content.replace(b"txn_1", b"txn_x", 1) if b"txn_1" in content else content[:-9]
            )
        run(tmp_path, stripe_, repair=True)
        assert differences(tmp_path) == []
        run(tmp_path, stripe_, full_refresh=True)
        assert objects(tmp_path) == truth(stripe_)


def test_rows_of_a_damaged_file_that_stripe_lists_no_more_are_counted(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.faults.add("gone-rows:p=0.2")
        files = state(tmp_path).files
        for path in list(files)[:5]:
            (tmp_path / path).write_bytes(b"damaged")
        with pytest.raises(DamagedError, match="listed by Stripe no more") as failed:
            run(tmp_path, stripe_, repair=True)
        (account,) = failed.value.report.accounts
        after = state(tmp_path)
    assert account.rows_lost == sum(file.rows for file in files.values()) - after.rows > 0
    assert account.healed.files == 5
