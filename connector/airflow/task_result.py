"""What a task hands on by XCom: a report cut down to one small shape, `schemas/task_result.json`. Pure.

XCom is kept in Airflow's database and shown by its API, whose readers know no whole number beyond 2^53 exactly: amounts
are text. The whole report of a run is in the lake, under the run's id.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from connector.core.time.times import END_OF_TIME, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULT_VERSION = 1
"""Version of the result's own shape."""

MOST_ACCOUNTS = 20
"""Accounts that a result says something of, failed ones first; all are counted."""

MOST_WARNINGS = 10
MOST_CHARACTERS = 500
MOST_DETAILS = 32_768
"""Characters of JSON that the details of a result have at most."""

EXACT = 2**53
"""Whole numbers beyond this are not exact in what reads JSON by floats."""


@dataclass(frozen=True, slots=True)
class AccountResult:
    """What a task did for one account.

    Attributes:
        account: whose rows.
        error: what ended it, one line, or None.
        rows_new: rows the lake did not have.
        rows_changed: rows that differ from what the lake had.
        lake_rows: rows of it in the lake afterwards.
        covered_until: moment up to which the lake has every row since its first, ISO 8601 UTC; None where not known.
        lake_record: number of the lake's record that this became part of; None where there is none.
        net: sum of `net` in the lake by currency, minor units, as text.
    """

    account: str
    error: str | None = None
    rows_new: int = 0
    rows_changed: int = 0
    lake_rows: int = 0
    covered_until: str | None = None
    lake_record: int | None = None
    net: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task did: the document of `schemas/task_result.json`.

    Attributes:
        operation: sync, payouts, balance, verify, statement or check.
        outcome: how it ended: of a run complete, failed, damaged or planned; of a check its verdict.
        destination: as it was given.
        run_id: the run's, under which the lake has the whole report; None where there is none.
        error: what ended it, one line, or None.
        started: ISO 8601, UTC; None where that is not known.
        duration_seconds: of the run; None where that is not known.
        accounts_total: how many accounts there were.
        accounts: of `MOST_ACCOUNTS` of them, failed ones first.
        rows_new: rows the lake did not have, all accounts together; of payouts, payouts.
        rows_changed: rows that differ from what the lake had.
        rows_late: rows that turned up where an earlier run had read already.
        lake_rows: rows in the lake afterwards.
        covered_until: moment up to which every account is covered.
        requests: asked of Stripe, retries included.
        requests_refused: refused for their rate (429), among them.
        warnings: what whoever looks after the lake should know.
        details: of a check its layers, of a statement the statement.
    """

    operation: str
    outcome: str
    destination: str
    run_id: str | None = None
    error: str | None = None
    started: str | None = None
    duration_seconds: float | None = None
    accounts_total: int = 0
    accounts: tuple[AccountResult, ...] = ()
    rows_new: int = 0
    rows_changed: int = 0
    rows_late: int = 0
    lake_rows: int = 0
    covered_until: str | None = None
    requests: int = 0
    requests_refused: int = 0
    warnings: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return {"result_version": RESULT_VERSION, **exact(asdict(self))}


def of_sync(report: Mapping[str, Any]) -> TaskResult:
    """Return what a run over balance transactions did; the report is the document of `schemas/run_report.json`."""
    accounts = [_synced(account) for account in report["accounts"]]
    late = sum(account["late"]["rows"] for account in report["accounts"])
    result = TaskResult("sync", report["outcome"], report["destination"], report["run_id"], report["error"])
    return replace(_counted(result, report, accounts), rows_late=late, warnings=_warnings(report["warnings"]))


def of_payouts(report: Mapping[str, Any]) -> TaskResult:
    """Return what a run over payouts did; the report is the document of `schemas/payouts_report.json`."""
    accounts = [
        AccountResult(
            account["account"],
            _line(account["error"]),
            account["payouts_new"],
            account["payouts_changed"],
            account["lake_payouts"],
            _covered_until(account["covered"]),
        )
        for account in report["accounts"]
    ]
    waiting = sum(len(account["waiting"]) for account in report["accounts"])
    unbalanced = [row["payout"] for account in report["accounts"] for row in account["unbalanced"]]
    said = [*report["warnings"], *(f"rows of {payout} do not add up to nothing" for payout in unbalanced)]
    result = TaskResult("payouts", report["outcome"], report["destination"], warnings=_warnings(said))
    return replace(_counted(result, report, accounts), details={"waiting": waiting, "unbalanced": len(unbalanced)})


def of_balance(destination: str, snapshots: Sequence[Mapping[str, Any]]) -> TaskResult:
    """Return what taking snapshots of balances did: `run_record_balance` returns them."""
    accounts = [
        AccountResult(snapshot["account"], rows_new=snapshot["rows"], covered_until=to_text(snapshot["snapshot_at"]))
        for snapshot in snapshots
    ]
    result = TaskResult("balance", "complete", destination)
    return _counted(result, {"requests": {"total": len(accounts)}}, accounts)


def of_verdict(verdict: Mapping[str, Any]) -> TaskResult:
    """Return what a check came to; the verdict is the document of `schemas/verdict.json`."""
    accounts = [AccountResult(account["account"], _finding(account)) for account in verdict["accounts"]]
    return TaskResult(
        "verify",
        verdict["verdict"],
        verdict["destination"],
        started=verdict["checked"],
        duration_seconds=verdict["duration_seconds"],
        accounts_total=len(accounts),
        accounts=_few(accounts),
        requests=verdict["requests"],
        details={"layers": dict(verdict["layers"]), "seed": verdict["seed"]},
    )


def of_statement(statement: Mapping[str, Any]) -> TaskResult:
    """Return a statement, the document of `schemas/statement.json`, in its details; without it where it is too long."""
    accounts = [AccountResult(account["account"]) for account in statement["accounts"]]
    details, warnings = {"statement": exact(statement)}, ()
    if (length := len(json.dumps(details, default=str))) > MOST_DETAILS:
        details, warnings = {}, (f"the statement has {length:,} characters, too many for XCom: name fewer `accounts`",)
    return TaskResult(
        "statement",
        "complete",
        statement["destination"],
        started=to_text(statement["made_at"]),
        accounts_total=len(accounts),
        accounts=_few(accounts),
        warnings=warnings,
        details=details,
    )


def of_status(status: Mapping[str, Any]) -> TaskResult:
    """Return what a lake holds: what `connector.run_status` returns."""
    accounts = [
        AccountResult(
            account["account"],
            lake_rows=account["rows"],
            covered_until=_covered_until(account["covered"]),
            lake_record=account["lake_record"],
            net={currency: str(amount) for currency, amount in account["net"].items()},
        )
        for account in status["accounts"]
    ]
    return _counted(TaskResult("check", "complete", status["destination"]), {"requests": {"total": 0}}, accounts)


def event_of(result: TaskResult) -> dict[str, Any]:
    """Return what the event of an asset says of a task: rows, covered until, and the number of the lake's record."""
    records = {account.account: account.lake_record for account in result.accounts if account.lake_record is not None}
    return {
        "rows_new": result.rows_new,
        "rows_changed": result.rows_changed,
        "lake_rows": result.lake_rows,
        "covered_until": result.covered_until,
        "lake_records": records,
        "run_id": result.run_id,
    }


def exact(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value with whole numbers that not every reader has exactly as text, and tuples as lists."""
    if isinstance(value, dict):
        return {str(name): exact(member) for name, member in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [exact(member) for member in cast("Sequence[Any]", value)]
    return str(value) if isinstance(value, int) and abs(value) > EXACT else value


def _synced(account: Mapping[str, Any]) -> AccountResult:
    return AccountResult(
        account["account"],
        _line(account["error"]),
        account["rows_new"],
        account["rows_changed"],
        account["lake_rows"],
        _covered_until(account["covered"]),
        account["lake_record"],
        {currency: str(amount) for currency, amount in account["net"].items()},
    )


def _counted(result: TaskResult, report: Mapping[str, Any], accounts: list[AccountResult]) -> TaskResult:
    """Return a result with the sums over its accounts, and what the run asked."""
    covered = [account.covered_until for account in accounts]
    known = [until for until in covered if until is not None]
    requests = report["requests"]
    return replace(
        result,
        started=report.get("started"),
        duration_seconds=report.get("duration_seconds"),
        accounts_total=len(accounts),
        accounts=_few(accounts),
        rows_new=sum(account.rows_new for account in accounts),
        rows_changed=sum(account.rows_changed for account in accounts),
        lake_rows=sum(account.lake_rows for account in accounts),
        covered_until=min(known) if known and len(known) == len(covered) else None,
        requests=requests["total"],
        requests_refused=sum(requests.get("limited", {}).values()),
    )


def _few(accounts: list[AccountResult]) -> tuple[AccountResult, ...]:
    return tuple(sorted(accounts, key=lambda account: account.error is None)[:MOST_ACCOUNTS])


def _covered_until(covered: Sequence[Sequence[int]]) -> str | None:
    """Return where the first hole begins; None where nothing is covered, or where no hole is."""
    stop = min((part[1] for part in covered), default=None)
    return None if stop is None or stop >= END_OF_TIME else to_text(stop)


def _finding(account: Mapping[str, Any]) -> str | None:
    """Return what the first layer says that does not agree; None where all do, or cannot be checked."""
    said = (layer["reason"] for layer in account["layers"] if layer["verdict"] == "residual")
    return _line(next(said, None))


def _warnings(said: Sequence[str]) -> tuple[str, ...]:
    return tuple(_line(warning) or "" for warning in said[:MOST_WARNINGS])


def _line(text: str | None) -> str | None:
    return text if text is None or len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
