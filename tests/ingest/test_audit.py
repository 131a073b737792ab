"""A run asks about the past again: what was missed is found and read, and nothing else is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from os.path import getmtime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import connector
from connector.core.planning.audit.audit import doubted
from connector.core.planning.audit.sampling import SHARED
from connector.core.time.intervals import Intervals
from connector.core.tuning import RunTuning
from connector.core.units import DAY
from connector.errors import DamagedError, ProtocolError, UsageError
from connector.events import Committed, PhaseStarted
from connector.lake.state import table_states
from connector.lake.stores.local import LocalStore
from tests.support.examples import slow_but
from tests.support.fitting import fits
from tests.support.lakes import START, data_files, honest, objects, run, sandbox, state, strays, truth, world
from tests.support.records import newest, records

HOUR = 3_600


def lied_about(stripe_, start, stop, account=None, until=0):
    """Have Stripe list nothing created in these seconds until its clock moves on by more; return what it hides."""
    ledger = stripe_.world.ledger(0 if account is None else stripe_.world.account_index[account])
    hidden = [number for number in range(len(ledger)) if start <= ledger.created[number] < stop]
    ledger.hidden.update(dict.fromkeys(hidden, stripe_.now + until + 1))
    return [ledger.created[number] for number in hidden]


def runs_until(lake, stripe_, done, *, most=60, every=HOUR, **options):
    """Run hourly until something is so, and return the runs' reports of the account."""
    reports = []
    for _ in range(most):
        stripe_.advance(every)
        reports.append(run(lake, stripe_, **options).accounts[0])
        if done(reports[-1]):
            return reports
    raise AssertionError(f"not within {most} runs")


def kept(lake):
    """The newest run's report, held to its schema, and the newest record of the state, held to its own."""
    report = json.loads(max((lake / "_stripe_balance" / "runs").glob("*.json"), key=getmtime).read_bytes())
    document = json.loads(newest(lake).read_bytes())
    fits(report, "run_report")
    fits(document, "state_record")
    return report, document


def lacking_of(lake):
    """Seconds that the state knows to lack rows."""
    return [[part.start, part.stop] for part in state(lake).audits.lacking]


def test_a_run_with_nothing_new_asks_about_the_past_once_and_touches_no_data_file(tmp_path):
    with sandbox() as stripe_:
        first = run(tmp_path, stripe_)
        assert first.accounts[0].audit.requests == 0  # there is no past yet
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("part-0.*")}
        for _ in range(3):
            stripe_.reset_stats()
            report = run(tmp_path, stripe_)
            (account,) = report.accounts
            assert stripe_.stats()["requests"] == report.requests.total <= 4
            assert (account.audit.requests, account.audit.differing) == (1, 0)
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("part-0.*")} == before
        assert strays(tmp_path) == []
        report, _ = kept(tmp_path)
        assert report["accounts"][0]["audit"]["requests"] == 1


def test_an_account_has_had_its_turn_once_no_gap_waits_in_which_many_rows_were_to_be_expected(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        for _ in range(60):  # one request in four, by chance, goes to the round instead
            run(tmp_path, stripe_)
            audits = state(tmp_path).audits
            many_wait = bool(audits.suspects) and audits.suspects[0].expected >= SHARED
            assert audits.turn == (0 if many_wait else stripe_.now)
            if not many_wait:
                return
        raise AssertionError("the gaps are never through")


class Listening:
    """A transport that remembers which lists were asked for on a connection of their own."""

    def __init__(self, usual):
        self.usual, self.fresh = usual, []

    async def send(self, request):
        if "/v1/balance_transactions?" in request.url:
            self.fresh.append(request.fresh)
        return await self.usual.send(request)

    def __getattr__(self, name):
        return getattr(self.usual, name)


def test_the_past_is_asked_about_on_a_connection_of_its_own(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        heard = []
        for _ in range(3):
            services = {"transport": lambda usual: heard.append(Listening(usual)) or heard[-1]}
            (account,) = run(tmp_path, stripe_, services=services).accounts
            assert account.audit.requests == 1
            assert heard[-1].fresh.count(True) == 1  # that one, by itself: whoever lied may sit on the other


def test_a_round_witnesses_every_partition_and_every_row(tmp_path):
    with sandbox(world(400, days=20)) as stripe_:
        run(tmp_path, stripe_)
        rows = 0
        for _ in range(60):
            stripe_.advance(HOUR)
            rows += run(tmp_path, stripe_).accounts[0].audit.rows
            if all(file.witnessed for file in state(tmp_path).files.values()):
                break
        assert all(file.witnessed for file in state(tmp_path).files.values())
        assert rows >= 400


@pytest.mark.parametrize("form", ["parquet", "jsonl", "arrow"])
def test_a_hole_in_which_many_rows_were_to_be_expected_is_found_by_the_next_runs_and_mended_at_once(tmp_path, form):
    with sandbox(world(3_000, days=20)) as stripe_:
        missed = lied_about(stripe_, START + 9 * DAY + 7 * HOUR, START + 10 * DAY + 19 * HOUR)
        assert len(missed) > 100
        run(tmp_path, stripe_, format=form)
        assert state(tmp_path).rows == 3_000 - len(missed)
        *_, account = runs_until(tmp_path, stripe_, lambda account: account.audit.differing, most=8)
        assert 0 < account.audit.missing <= 100
        assert (account.healed.rows, account.healed.files, account.rows_lost) == (len(missed), 0, 0)
        assert objects(tmp_path) == truth(stripe_)
        honest(tmp_path, truth(stripe_))
        report, _ = kept(tmp_path)
        assert (report["outcome"], state(tmp_path).audits.lacking.parts) == ("complete", ())
        with TemporaryDirectory() as fresh:
            run(Path(fresh), stripe_, format=form)
            assert data_files(tmp_path) == data_files(Path(fresh))


def test_a_hole_of_many_days_is_found_by_the_time_around_it(tmp_path):
    with sandbox(world(2_000, days=60)) as stripe_:
        missed = lied_about(stripe_, START + 20 * DAY, START + 40 * DAY)
        run(tmp_path, stripe_, partition="month")
        *_, account = runs_until(tmp_path, stripe_, lambda account: account.healed.rows, most=8)
        assert account.healed.rows == len(missed) > 500
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.slow  # the hour has to hold many rows
def test_an_hour_that_a_later_run_was_told_nothing_of_is_found(tmp_path):
    with sandbox(world(24_000, days=20, now=START + 15 * DAY)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.advance(10 * HOUR)
        run(tmp_path, stripe_)
        missed = lied_about(stripe_, stripe_.now, stripe_.now + 2 * HOUR, until=2 * HOUR)
        stripe_.advance(2 * HOUR)
        run(tmp_path, stripe_, audit=0)  # told that there is nothing new
        covered = [second for second in missed if second in state(tmp_path).covered]
        reports = runs_until(tmp_path, stripe_, lambda account: account.healed.rows, most=12)
        assert reports[-1].healed.rows == len(covered) > 50
        assert objects(tmp_path) == truth(stripe_)


def test_few_rows_that_are_missing_are_found_within_a_round(tmp_path):
    with sandbox(world(600, days=30)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.add_rows(count=1, created=START + 17 * DAY + 5 * HOUR)
        *_, account = runs_until(tmp_path, stripe_, lambda account: account.audit.missing)
        assert (account.healed.rows, account.late.rows) == (1, 1)
        assert objects(tmp_path) == truth(stripe_)


def test_a_page_that_wrongly_shows_nothing_costs_reading_again_and_loses_nothing(tmp_path):
    with sandbox(world(600, days=30)) as stripe_:
        run(tmp_path, stripe_)
        before = data_files(tmp_path)
        lied_about(stripe_, START, START + 60 * DAY)
        (account,) = run(tmp_path, stripe_).accounts
        assert account.audit.gone > 0
        assert (account.audit.missing, account.healed.rows, account.rows_lost) == (0, 0, 0)
        assert data_files(tmp_path) == before
        stripe_.advance(1)
        run(tmp_path, stripe_)
        assert data_files(tmp_path) == before
        honest(tmp_path, truth(stripe_))


@pytest.mark.slow
def test_what_takes_more_than_a_run_spends_unasked_is_read_bit_by_bit_and_ends_with_66_until_then(tmp_path):
    little = {"tuning": RunTuning(reread_requests=3)}
    with sandbox(world(3_000, days=12)) as stripe_:
        missed = lied_about(stripe_, START + 3 * DAY, START + 9 * DAY)
        assert len(missed) > 1_000
        run(tmp_path, stripe_)
        with pytest.raises(DamagedError, match="`repair`") as failed:
            runs_until(tmp_path, stripe_, lambda _: False, most=8, services=little)
        (account,) = failed.value.report.accounts
        parked = state(tmp_path).parked_rows  # of days that are not whole by that
        assert 0 < account.healed.rows + parked < len(missed)
        assert account.lacking
        honest(tmp_path, truth(stripe_))
        report, _ = kept(tmp_path)
        assert report["accounts"][0]["lacking"] == lacking_of(tmp_path) == [list(one) for one in account.lacking]
        with pytest.raises(DamagedError):  # the next run goes on, and asks for no more than that
            run(tmp_path, stripe_, services=little, since=stripe_.now - HOUR)
        assert run(tmp_path, stripe_, repair=True).outcome == "complete"
        assert objects(tmp_path) == truth(stripe_)
        assert state(tmp_path).audits.lacking.parts == ()


@pytest.mark.slow
def test_after_a_kill_between_finding_and_reading_the_next_run_reads(tmp_path):
    class Dying(LocalStore):
        def write(self, path, data, **condition):
            version = super().write(path, data, **condition)
            if "/state/" in path and json.loads(data).get("lacking", {}).get("added"):
                raise KeyboardInterrupt
            return version

    with sandbox(world(3_000, days=20)) as stripe_:
        missed = lied_about(stripe_, START + 9 * DAY, START + 11 * DAY)
        run(tmp_path, stripe_)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - as a signal ends it
            runs_until(tmp_path, stripe_, lambda _: False, most=8, services={"store": Dying(tmp_path)})
        honest(tmp_path, truth(stripe_))
        assert state(tmp_path).audits.lacking
        (account,) = run(tmp_path, stripe_, audit=0).accounts
        assert (account.healed.rows, account.audit.requests) == (len(missed), 0)
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.slow
def test_a_row_that_a_page_showed_and_no_later_answer_does_is_known_to_be_lost(tmp_path):
    with sandbox(world(600, days=30)) as stripe_:
        run(tmp_path, stripe_)
        (seen,) = stripe_.add_rows(count=1, created=START + 17 * DAY + 5 * HOUR)
        ledger, counted = stripe_.world.ledger(0), stripe_.stats()["requests"]
        number = next(one for one in range(len(ledger)) if ledger.id_of(one) == seen)
        order = ledger.hidden

        class Once(dict):
            """Hides the row from the second time on that it is asked for."""

            asked = 0

            def get(self, key, default=0):
                if key == number:
                    Once.asked += 1
                    return 0 if Once.asked == 1 else 2**40
                return order.get(key, default)

        assert counted
        ledger.hidden = Once({number: 1})
        with pytest.raises(DamagedError, match="listed by Stripe no more") as failed:
            runs_until(tmp_path, stripe_, lambda _: False)
        assert failed.value.report.accounts[0].rows_lost == 1
        stripe_.advance(HOUR)
        assert run(tmp_path, stripe_).outcome == "complete"


def test_an_outage_of_the_audit_alone_puts_it_off(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.faults.add("500:k=2,times=99,endpoint=balance_transactions")
        report = run(tmp_path, stripe_)
        assert (report.outcome, report.accounts[0].audit.requests) == ("complete", 1)
        put_off = state(tmp_path)
        assert (put_off.audits.turn, any(file.witnessed for file in put_off.files.values())) == (0, False)
        stripe_.faults.clear()
        run(tmp_path, stripe_)
        asked = state(tmp_path)
        fewer = len(asked.audits.suspects) < len(put_off.audits.suspects)
        assert fewer or any(file.witnessed for file in asked.files.values())


def test_a_page_of_the_past_that_breaks_the_contract_is_an_error(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.faults.add("duplicate-row:k=2,times=99")  # where a page shows any
        with pytest.raises(ProtocolError):
            runs_until(tmp_path, stripe_, lambda _: False, every=0, until=stripe_.now - 700)
        honest(tmp_path, truth(stripe_))


@pytest.mark.parametrize("audit", [-1, 101, float("nan"), True, "1"])
def test_a_share_that_is_none_is_refused(tmp_path, audit):
    with sandbox(world(10)) as stripe_, pytest.raises(UsageError, match="`audit`"):
        run(tmp_path, stripe_, audit=audit)


@pytest.mark.slow
def test_the_share_decides_how_much_is_asked_and_0_turns_it_off(tmp_path):
    with sandbox(world(2_000, days=30)) as stripe_:
        run(tmp_path, stripe_)
        assert run(tmp_path, stripe_, audit=0).requests.total <= 2
        stripe_.reset_stats()
        (account,) = run(tmp_path, stripe_, full_refresh=True, audit=20).accounts
        assert account.audit.requests == round(0.2 * (stripe_.stats()["requests"] - account.audit.requests)) > 2
        for _ in range(7):
            (account,) = run(tmp_path, stripe_, full_refresh=True, audit=100).accounts
        assert account.audit.requests < 20  # what the allocation has in hand is spent
        assert sum(1 for _ in range(5) if run(tmp_path, stripe_).accounts[0].audit.requests) == 0
        stripe_.advance(HOUR)
        assert run(tmp_path, stripe_).accounts[0].audit.requests == 1


@pytest.mark.slow
@pytest.mark.parametrize("connected", slow_but([12], [12, 130]))  # of 130, no more than fifty are asked about at once
def test_of_many_accounts_those_have_their_turn_that_waited_longest(tmp_path, connected):
    with sandbox(world(60, connected=connected, days=5)) as stripe_:
        accounts = list(stripe_.world.accounts[1:])
        run(tmp_path, stripe_, accounts=accounts)
        turns = []
        for _ in range(6):  # a turn lasts until what is most suspicious was asked about
            stripe_.advance(HOUR)
            report = run(tmp_path, stripe_, accounts=accounts, audit=30)
            turns.append({one.account for one in report.accounts if one.audit.requests})
            assert len(turns[-1]) == min(50, round(0.3 * (report.requests.total - len(turns[-1]))))
        assert set.union(*turns) == set(accounts)


def test_a_narrow_run_asks_about_all_of_the_past(tmp_path):
    with sandbox(world(600, days=30)) as stripe_:
        missed = lied_about(stripe_, START + 10 * DAY, START + 14 * DAY)
        run(tmp_path, stripe_)
        *_, account = runs_until(tmp_path, stripe_, lambda account: account.healed.rows, since=START + 31 * DAY)
        assert account.healed.rows == len(missed)


def test_windows_of_a_plan_carry_a_share_of_their_own(tmp_path):
    with sandbox(world(600, days=30)) as stripe_:
        settings = {"api_base": stripe_.url, "api_key_file": str(key_file(tmp_path, stripe_))}
        usual = connector.run_plan(tmp_path / "lake", windows=2, **settings)
        assert not any("audit" in window for window in usual)
        for window in connector.run_plan(tmp_path / "lake", windows=2, audit=0, **settings):
            assert window["audit"] == 0
            connector.run_sync(tmp_path / "lake", **window, **settings)
        again = connector.run_sync(tmp_path / "lake", audit=5.5, **settings)
        assert again["accounts"][0]["audit"]["requests"] == 1


def key_file(folder, stripe_):
    path = folder / "key"
    path.write_text(stripe_.key)
    path.chmod(0o600)
    return path


def test_what_a_disk_spoiled_in_silence_is_read_again_when_its_turn_has_come(tmp_path):
    with sandbox(world(900, days=40)) as stripe_:
        run(tmp_path, stripe_)
        whole = data_files(tmp_path)
        victim = sorted((tmp_path / "balance_transactions").rglob("part-0.parquet"))[17]
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(bytes(content))
        run(tmp_path, stripe_, audit=0)
        victim.write_bytes(bytes(content))
        for path in records(tmp_path):  # written later than the file: nothing shows that somebody touched it
            path.write_bytes(path.read_bytes())
        *_, account = runs_until(tmp_path, stripe_, lambda account: account.healed.files)
        assert (account.healed.files, account.audit.differing) == (1, 0)
        assert data_files(tmp_path) == whole


@pytest.mark.slow
def test_what_another_run_replaced_before_it_was_asked_about_is_not_lost_and_nothing_is_healed(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        for day in range(12):
            stripe_.add_rows(count=1, created=START + day * DAY + 5)
        replaced = []

        def hear(event):
            if isinstance(event, PhaseStarted) and event.phase == "asking about the past":
                words = ["sync", tmp_path, "--full-refresh", "--rate", "0", "--json"]
                environ = {**os.environ, "STRIPE_API_KEY": stripe_.key, "STRIPE_API_BASE": stripe_.url}
                told = subprocess.run([sys.executable, "-m", "connector", *words], env=environ, stdout=-1, check=True)
                replaced.extend(json.loads(told.stdout)["accounts"])

        (account,) = run(tmp_path, stripe_, services={"on_event": hear}).accounts
        assert [one["rows_new"] for one in replaced] == [12]
        assert (account.healed.files, account.healed.rows, account.rows_new) == (0, 0, 0)
        assert objects(tmp_path) == truth(stripe_)


def test_what_another_run_finds_lacking_once_this_one_has_read_it_is_for_the_other_to_read(tmp_path):
    day = Intervals.span(START + 8 * DAY, START + 9 * DAY)

    def doubt():
        table_states.commit(LocalStore(tmp_path), doubted(state(tmp_path), day), run="20260101T000000Z-0000")

    def as_another_run_does(event):
        if isinstance(event, Committed) and not state(tmp_path).audits.lacking:
            doubt()

    with sandbox(world(600, days=12)) as stripe_:
        run(tmp_path, stripe_)
        doubt()
        report = run(tmp_path, stripe_, services={"on_event": as_another_run_does})
        assert report.accounts[0].healed.rows == 0
        assert report.accounts[0].audit.requests == 1  # what it found is recorded after the last of these
        assert (report.outcome, report.accounts[0].lacking) == ("complete", ())
        assert state(tmp_path).audits.lacking == day
        run(tmp_path, stripe_)
        assert state(tmp_path).audits.lacking.parts == ()
        honest(tmp_path, truth(stripe_))


def test_what_another_run_finds_lacking_beyond_what_this_one_doubts_is_for_the_other_to_read(tmp_path):
    class OthersDoubtWhatComesNext(LocalStore):
        def write(self, path, data, **condition):
            version = super().write(path, data, **condition)
            if "/state/" in path and json.loads(data).get("lacking", {}).get("added") and not theirs:
                found = state(tmp_path)
                theirs.append(Intervals.span(found.covered.parts[-1].stop, found.audits.lacking.parts[-1].stop + HOUR))
                lacking = replace(found.audits, lacking=found.audits.lacking.union(theirs[0]))
                table_states.commit(LocalStore(tmp_path), replace(found, audits=lacking), run="20260101T000000Z-0000")
            return version

    theirs: list[Intervals] = []
    with sandbox(world(600, days=12)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.add_rows(count=1, created=stripe_.now - 5 * HOUR)
        services = {"store": OthersDoubtWhatComesNext(tmp_path)}
        (*_, last) = runs_until(tmp_path, stripe_, lambda one: one.audit.missing, services=services)
        assert theirs
        assert (last.healed.rows, last.lacking) == (1, ())


@pytest.mark.slow
def test_a_file_that_another_run_replaces_while_what_was_seen_is_looked_for_is_read_as_that_one_left_it(tmp_path):
    day = START + 5 * DAY
    asking: list[str] = []

    def as_another_run_does(event):
        if isinstance(event, PhaseStarted):
            asking.append(event.phase)
        if isinstance(event, Committed) and asking[-1:] == ["asking about the past"]:
            asking.append("replaced")
            stripe_.add_rows(count=1, created=day + 7 * HOUR)
            with ThreadPoolExecutor(1) as other:
                wanted = {"since": day, "until": day + DAY, "full_refresh": True, "audit": 0}
                assert other.submit(run, tmp_path, stripe_, **wanted).result().accounts[0].rows_new == 1

    with sandbox(world(600, days=12)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.add_rows(count=1, created=day + 5 * HOUR)
        services = {"on_event": as_another_run_does}
        (*_, last) = runs_until(tmp_path, stripe_, lambda one: one.audit.missing, services=services)
        assert asking[-1] == "replaced"
        assert (last.healed.rows, last.rows_lost, last.files_damaged) == (1, 0, 0)
        assert objects(tmp_path) == truth(stripe_)
