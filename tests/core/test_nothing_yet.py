"""What nothing was found, read or lost of begins with nothing; and what earlier versions wrote is read."""

from __future__ import annotations

from dataclasses import fields

import pytest

from connector.core.api.meter import Meter
from connector.core.ledger.ledger import Conversion, DisputeSums, Figures, Sums
from connector.core.ledger.payout_tally import PayoutTally
from connector.core.ledger.since_frozen import Prints
from connector.core.metrics import ReportFigures, RunCounts
from connector.core.planning.absence.absence import Absence
from connector.core.planning.absence.ties import Ties
from connector.core.planning.absence.witness import SecondAnswers
from connector.core.planning.rereading.mended import Audit, Healed
from connector.core.planning.survey.expected import Expected
from connector.core.planning.windows.division import Part
from connector.core.planning.windows.estimate import Estimate
from connector.core.planning.windows.walk import Density, Tuning, Walk
from connector.core.run_report import AccountReport, Late, requests_of
from connector.core.state import account_record, conversion, frozen, intent, kept_verdict
from connector.core.state.audited import Audits
from connector.core.state.balances_record import BalancesRecord
from connector.core.state.data_file import DataFile
from connector.core.state.drift import Drift, DriftFinding
from connector.core.state.partition import Granularity
from connector.core.state.payouts_record import PayoutsRecord
from connector.core.state.publishing import EMPTY
from connector.core.state.table_state import TableState
from connector.core.suggestions import did_you_mean, refuse_unknown
from connector.core.time.intervals import Interval
from connector.core.units import AccountId
from connector.errors import StateError, UsageError

ACCOUNT = AccountId("acct_1")


@pytest.mark.parametrize(
    "fresh",
    [
        Audit(),
        Healed(),
        Audits(),
        Expected(),
        Late(),
        SecondAnswers(),
        Sums(),
        Conversion(),
        DisputeSums(0),
        Figures(),
        Ties(),
        Prints(),
        PayoutTally("po_1"),
        EMPTY,
        Absence(wary=False, page_size=0),
        Meter(),
        ReportFigures(),
        RunCounts(),
        Part("txn_1"),
        Density(0.9),
        Estimate(Tuning(), 0, 0, density=Density(0.0)),
        Walk(Interval(0, 1), 0, 0, Density(0.0)),
        TableState(ACCOUNT, "parquet", Granularity.DAY),
        PayoutsRecord(ACCOUNT, "parquet", columns=0),
        BalancesRecord(ACCOUNT, "parquet"),
        AccountReport("acct_1", (0, 0)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_before_anything_came_every_count_is_nothing_and_nothing_is_so(fresh):
    counts = {
        one.name: value
        for one in fields(fresh)
        if type(value := getattr(fresh, one.name)) in {bool, int, float}
        and one.name not in {"memory", "oldest", "left", "floor", "unread", "exact", "most"}
    }
    assert counts == dict.fromkeys(counts, 0)


def test_a_files_entry_without_more_says_nothing_of_more():
    entry = DataFile("a", 1, 1, "0" * 64)
    assert (entry.first_created, entry.last_created, entry.pending, entry.refreshed, entry.witnessed) == (0, 0, 0, 0, 0)
    assert entry.span == Interval(0, 1)


def test_the_share_of_the_limit_is_told_of_runs_shorter_than_a_second_too():
    meter = Meter()
    meter.requests = meter.by_endpoint["list"] = 4
    assert requests_of(meter, rate=16.0, seconds=0.5, endpoint="list").utilisation == 0.5


def test_a_hundred_kinds_of_differences_are_kept_the_first_ones_met():
    def finding(number: int) -> DriftFinding:
        return DriftFinding("unknown_field", f"f{number:03d}", 1, "txn_1")

    kept = Drift.of(finding(number) for number in [*reversed(range(101)), 100])
    assert [one.name for one in kept.findings] == [f"f{number:03d}" for number in range(1, 101)]
    assert {one.count for one in kept.findings} == {1, 2}


# What earlier versions wrote ------------------------------------------------------------------------------------------


def test_a_mark_and_an_intent_of_the_first_version_are_read():
    mark = b'{"version": 1, "source": "lake", "format": "parquet", "partition": "day", "catalog": null, "tables": null}'
    assert conversion.mark_in(mark, "x").source == "lake"
    intended = (
        b'{"intent_version": 1, "table": "payouts", "account": "acct_1", "run": "r", "attempt": 1, "base": 4,'
        b' "files": [{"folder": "f", "covered": [[1, 2]]}]}'
    )
    assert intent.from_json(intended, "x").files[0].covered == ((1, 2),)


def test_records_of_the_first_version_are_read():
    bare = {"account": "acct_1", "owner": None, "key": None, "context": None, "retired": None, "refused": None}
    record = {"record_version": 1, "table": "accounts", **bare}
    assert account_record.from_document(record, where="x").account == ACCOUNT
    verdict = {"account": "acct_1", "layers": [], "record_version": 1, "table": "verdicts"}
    assert kept_verdict.from_document(verdict, where="x").record_version == 1
    figures: dict = {}
    period = {
        "account": "acct_1", "name": "2026-10", "timezone": "UTC", "start": 0, "stop": 9, "revision": 1,
        "frozen_at": 9, "connector_version": "0", "api_versions": [], "livemode": None, "lake": None,
        "lake_record": 1, "lake_record_sha256": "", "files_sha256": "", "rows": 0, "figures": figures,
        "figures_sha256": frozen.digest_of(figures), "prints": None, "record_version": 1, "table": "frozen",
    }  # fmt: skip
    assert frozen.from_document(period, where="x").record_version == 1
    for module, document in ((kept_verdict, verdict), (frozen, period)):
        with pytest.raises(StateError):
            module.from_document({**document, "record_version": 2}, where="x")


# Names ----------------------------------------------------------------------------------------------------------------


def test_keywords_that_there_are_not_are_named_with_what_may_be_meant():
    refuse_unknown({"since": 1}, {"since", "until"})
    refuse_unknown({}, set())
    with pytest.raises(
        UsageError, match=r"^there is no option 'sinc' \(did you mean since\?\); there are since, until"
    ):
        refuse_unknown({"sinc": 1, "until": 2}, {"since", "until"})
    with pytest.raises(UsageError, match=r"^there are no options 'a', 'zzz'"):
        refuse_unknown({"zzz": 1, "a": 2}, {"since", "until"})
    assert did_you_mean("for", ["format", "force"]) == " (did you mean force?)"
    assert did_you_mean("fo", ["format"]) == " (did you mean format?)"
    assert did_you_mean("f", ["format"]) == ""
    assert did_you_mean("-f", ["-format"]) == ""
