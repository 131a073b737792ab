"""Operators, one for each call that a schedule needs: `run_sync`, payouts, balance, verify, statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import connector
from connector.airflow import task_result
from connector.airflow.arguments import takes_options
from connector.airflow.connection import DEFAULT_CONNECTION
from connector.airflow.interval import asked_of, told
from connector.airflow.lake_operator import LakeOperator
from connector.airflow.versions import AirflowFailException
from connector.config.salt import Salt
from connector.core import run_report
from connector.errors import UsageError
from connector.options.calls import (
    RunBalanceOptions,
    RunPayoutsOptions,
    RunSyncOptions,
    RunVerifyOptions,
    StatementOptions,
)
from connector.payouts import report as payouts_report
from connector.reporting.statement import document as statement_document
from connector.verification import verdict as verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.airflow.interval import OnEmptyInterval
    from connector.airflow.task_result import TaskResult


class StripeSyncOperator(LakeOperator):
    """Brings balance transactions into a lake: `connector.run_sync` as a task.

    Without `since` and `until` it reads the data interval of its run, and besides, wherever they lie, what an earlier
    interval left and pending rows that are due. Where there is no interval, or an empty one, it reads all that the lake
    lacks.
    """

    table: ClassVar[type] = RunSyncOptions
    tables: ClassVar[tuple[str, ...]] = ("balance_transactions",)

    @takes_options(RunSyncOptions)
    def __init__(
        self,
        *,
        destination: str,
        stripe_conn_id: str = DEFAULT_CONNECTION,
        on_empty_interval: OnEmptyInterval = "lacking",
        sharers: int = 1,
        followed: bool = True,
        **options: Any,  # noqa: ANN401 - of `run_sync`, and Airflow's own
    ) -> None:
        """Make the task.

        Args:
            destination: the lake: a bucket, or a folder that the workers share.
            stripe_conn_id: connection of type `stripe`.
            on_empty_interval: `lacking` to read all that the lake lacks where the run has no data interval or an empty
                one, `fail` to fail then.
            sharers: tasks at work at once that share what Stripe allows the account, at least 1; `rate` is the task's
                own part already.
            followed: whether more tasks wait for a slot than these.
            options: see below, and those of every operator.
        """
        if on_empty_interval not in {"lacking", "fail"}:
            raise UsageError(f"`on_empty_interval` {on_empty_interval!r} is none of lacking, fail")
        if type(sharers) is not int or sharers < 1:
            raise UsageError(f"`sharers` {sharers!r} must be a whole number, at least 1")
        super().__init__(destination=destination, stripe_conn_id=stripe_conn_id, **options)
        self.on_empty_interval: OnEmptyInterval = on_empty_interval
        self.sharers: int = sharers
        self.followed: bool = followed

    def carry_out(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Sync, and return the result."""
        asked = asked_of(self.since, self.until, context, self.on_empty_interval)
        given: dict[str, Any] = {
            "all_due": asked.by_interval,
            **self.arguments(),
            "since": asked.since,
            "until": asked.until,
        }
        if (file := given.pop("hash_salt_file", None)) is not None:
            given["salt"] = Salt.find(file=file)
        report = self.call(lambda: connector.sync(self.destination, **given))
        return self.handed_on(context, self.result_of(report))

    def result_of(self, report: Any) -> TaskResult:  # noqa: ANN401 - a Report
        """Return the result of a run."""
        return task_result.of_sync(run_report.to_document(report))


class StripePayoutsOperator(LakeOperator):
    """Brings payouts into a lake, and which rows each paid out: `connector.run_sync_payouts` as a task.

    Without `since` and `until` it reads all that the lake lacks, and what may have changed.
    """

    table: ClassVar[type] = RunPayoutsOptions
    tables: ClassVar[tuple[str, ...]] = ("payouts", "payout_transactions")

    @takes_options(RunPayoutsOptions)
    def __init__(self, *, destination: str, stripe_conn_id: str = DEFAULT_CONNECTION, **options: Any) -> None:  # noqa: ANN401 - of the call, and Airflow's own
        """Make the task; see `StripeSyncOperator`."""
        super().__init__(destination=destination, stripe_conn_id=stripe_conn_id, **options)

    def carry_out(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Sync payouts, and return the result."""
        given: dict[str, Any] = {**self.arguments(), "since": told(self.since), "until": told(self.until)}
        report = self.call(lambda: connector.sync_payouts(self.destination, **given))
        return self.handed_on(context, self.result_of(report))

    def result_of(self, report: Any) -> TaskResult:  # noqa: ANN401 - a PayoutsReport
        """Return the result of a run."""
        return task_result.of_payouts(payouts_report.to_document(report))


class StripeBalanceOperator(LakeOperator):
    """Adds a snapshot of the balance to a lake: `connector.run_record_balance` as a task."""

    template_fields: Sequence[str] = ("destination", "accounts", "options", "stripe_conn_id")
    table: ClassVar[type] = RunBalanceOptions
    tables: ClassVar[tuple[str, ...]] = ("balances",)

    @takes_options(RunBalanceOptions)
    def __init__(self, *, destination: str, stripe_conn_id: str = DEFAULT_CONNECTION, **options: Any) -> None:  # noqa: ANN401 - of the call, and Airflow's own
        """Make the task; see `StripeSyncOperator`."""
        super().__init__(destination=destination, stripe_conn_id=stripe_conn_id, **options)

    def carry_out(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Take the snapshot, and return the result."""
        given: dict[str, Any] = self.arguments()
        return self.handed_on(
            context, self.result_of(self.call(lambda: connector.record_balance(self.destination, **given)))
        )

    def result_of(self, report: Any) -> TaskResult:  # noqa: ANN401 - snapshots
        """Return the result of snapshots."""
        taken = [
            {"account": account.account, "snapshot_at": account.snapshot_at, "rows": account.rows} for account in report
        ]
        return task_result.of_balance(self.destination, taken)


class StripeVerifyOperator(LakeOperator):
    """Checks a lake against itself and against Stripe: `connector.run_verify` as a task.

    It fails where something does not agree, and is not tried again; its XCom `report` then says what. What cannot be
    checked is no failure, unless `strict`.
    """

    table: ClassVar[type] = RunVerifyOptions

    @takes_options(RunVerifyOptions)
    def __init__(
        self,
        *,
        destination: str,
        stripe_conn_id: str = DEFAULT_CONNECTION,
        strict: bool = False,
        **options: Any,  # noqa: ANN401 - of `run_verify`, and Airflow's own
    ) -> None:
        """Make the task.

        Args:
            destination: the lake.
            stripe_conn_id: connection of type `stripe`; not looked at when offline.
            strict: whether what cannot be checked is a failure, too.
            options: see below, and those of every operator.
        """
        super().__init__(destination=destination, stripe_conn_id=stripe_conn_id, **options)
        self.strict = strict

    def carry_out(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Check, and return the verdict.

        Raises:
            AirflowFailException: something does not agree.
        """
        given: dict[str, Any] = {**(self._offline() if self.given().get("offline") else self.arguments())}
        given |= {"accounts": self.chosen(), "since": told(self.since), "until": told(self.until)}
        result = self.result_of(self.call(lambda: connector.verify(self.destination, **given)))
        if result.outcome == "residual" or (self.strict and result.outcome == "not_checkable"):
            self.keep(context, result)
            said = next((account.error for account in result.accounts if account.error), result.outcome)
            raise AirflowFailException(f"{self.destination} does not agree: {said}")
        return self.handed_on(context, result)

    def result_of(self, report: Any) -> TaskResult:  # noqa: ANN401 - a Verdict
        """Return the result of a check."""
        return task_result.of_verdict(verdicts.to_document(report))

    def _offline(self) -> dict[str, Any]:
        ours = {"rate", "rate_per_account"}
        return {name: value for name, value in self.given().items() if name not in ours} | self.stopped_by()


class StripeStatementOperator(LakeOperator):
    """States what an account's balance did in a period, from the lake alone: `connector.run_statement` as a task.

    Its XCom has the statement in `details`, where it is short enough.
    """

    table: ClassVar[type] = StatementOptions

    @takes_options(StatementOptions)
    def __init__(self, *, destination: str, **options: Any) -> None:  # noqa: ANN401 - of `run_statement`, and Airflow's own
        """Make the task.

        Args:
            destination: the lake.
            options: see below, and those of every operator.
        """
        super().__init__(destination=destination, **options)

    def carry_out(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """State, and return the statement."""
        given: dict[str, Any] = {**self.given(), "accounts": self.chosen()}
        given |= {"since": told(self.since), "until": told(self.until)}
        return self.handed_on(
            context, self.result_of(self.call(lambda: connector.statement(self.destination, **given)))
        )

    def result_of(self, report: Any) -> TaskResult:  # noqa: ANN401 - a Statement
        """Return the result with the statement in it."""
        return task_result.of_statement(statement_document.to_document(report))
