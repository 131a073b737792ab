"""A backfill as mapped tasks: plan, a `StripeSyncOperator` for each window, and a check that all is there.

```python
plan = StripePlanOperator(task_id="plan", destination=LAKE, slots=4)
windows = StripeSyncOperator.partial(task_id="window", destination=LAKE, pool="stripe").expand_kwargs(plan.output)
windows >> StripeCheckOperator(task_id="check", destination=LAKE, windows=plan.output, outlets=[asset])
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import connector
from connector.airflow.arguments import takes_options
from connector.airflow.connection import DEFAULT_CONNECTION
from connector.airflow.interval import told
from connector.airflow.lake_operator import LakeOperator
from connector.airflow.rendered import windows_of
from connector.airflow.shares import mapped, rate_of, tasks_for, wanting
from connector.airflow.task_result import of_status
from connector.config.config import DEFAULT_RATE
from connector.config.salt import Salt
from connector.core.planning.shares import LEAST_ROWS, ample_rows, groups_of
from connector.errors import StorageError
from connector.ingest.windows import created_of
from connector.options.calls import RunPlanOptions
from connector.options.run import Stopping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.airflow.task_result import TaskResult


class StripePlanOperator(LakeOperator):
    """Cuts what a lake lacks into windows for mapped tasks, of about equal numbers of rows; no two share a file.

    It ends where rows may still come, so that what was planned is covered when every window is done: what came since is
    for the task of each day. Its XCom is a list of arguments for `StripeSyncOperator.partial(…).expand_kwargs(…)`.
    """

    table: ClassVar[type] = RunPlanOptions

    @takes_options(RunPlanOptions)
    def __init__(
        self,
        *,
        destination: str,
        stripe_conn_id: str = DEFAULT_CONNECTION,
        slots: int = 4,
        budget: float = DEFAULT_RATE,
        **options: Any,  # noqa: ANN401 - of `run_plan`, and Airflow's own
    ) -> None:
        """Make the task.

        Args:
            destination: the lake.
            stripe_conn_id: connection of type `stripe`.
            slots: mapped tasks at work at once: the slots of their pool.
            budget: requests per second of one endpoint that they share.
            options: see below, and those of every operator; `windows` counts instead of one to four for each slot.
        """
        self.tasks: int = tasks_for(slots)
        rate_of(budget, slots)
        self.budget: float = budget
        self.slots: int = slots
        super().__init__(destination=destination, stripe_conn_id=stripe_conn_id, **options)

    def carry_out(self, context: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Plan, and return the windows."""
        del context
        given: dict[str, Any] = {
            "windows": self.tasks,
            "least_rows": LEAST_ROWS,
            "settled": True,
            **({} if self.given().get("windows") else {"slots": self.slots}),
            "ample_rows": ample_rows(rate_of(self.budget, self.slots)),
            **self.arguments(),
            "since": told(self.since),
            "until": told(self.until),
        }
        if (file := given.pop("hash_salt_file", None)) is not None:
            given["salt"] = Salt.find(file=file)
        windows = self.call(lambda: connector.plan(self.destination, **given))
        self.log.info("%d windows, %g requests per second among %d at once", len(windows), self.budget, self.slots)
        return mapped(windows, budget=self.budget, slots=self.slots)


class AccountGroupsOptions(Stopping, total=False):
    """Options of `StripeAccountGroupsOperator`."""


class StripeAccountGroupsOperator(LakeOperator):
    """Lists the key's own account and every connected one, in groups for mapped tasks.

    Its XCom is a list of arguments for `StripeSyncOperator.partial(…).expand_kwargs(…)`: `accounts`, and how fast.
    """

    template_fields: Sequence[str] = ("destination", "stripe_conn_id")
    table: ClassVar[type] = AccountGroupsOptions

    @takes_options(AccountGroupsOptions)
    def __init__(
        self,
        *,
        destination: str,
        stripe_conn_id: str = DEFAULT_CONNECTION,
        slots: int = 4,
        budget: float = DEFAULT_RATE,
        **options: Any,  # noqa: ANN401 - Airflow's own
    ) -> None:
        """Make the task; see `StripePlanOperator`. Accounts that were retired from the lake are left out."""
        self.groups: int = tasks_for(slots)
        rate_of(budget, slots)
        self.budget: float = budget
        self.slots: int = slots
        super().__init__(destination=destination, stripe_conn_id=stripe_conn_id, **options)

    def carry_out(self, context: Mapping[str, Any]) -> list[dict[str, Any]]:
        """List them, and return the groups."""
        del context
        given: dict[str, Any] = {**self.arguments(), "all_accounts": True, "accounts": (), "windows": 1}
        windows = self.call(lambda: connector.plan(self.destination, **given))
        accounts = [next(iter(window.get("accounts", ())), None) for window in windows]
        groups = groups_of(list(dict.fromkeys(accounts)), self.groups)
        listed = {account: when for window in windows for account, when in window.get("accounts_created", {}).items()}
        shared = {"lake": windows[0]["lake"]} if windows else {}
        tasks = [{"accounts": group, **created_of(group, listed), **shared} for group in groups]
        return mapped(tasks, budget=self.budget, slots=self.slots)


class CheckOptions(TypedDict, total=False):
    """Options of `StripeCheckOperator`: none of a call's."""


class StripeCheckOperator(LakeOperator):
    """Closes a backfill: checks that the lake has all that was planned, and tells its outlets, the assets, once.

    It runs unless a task before it failed (`trigger_rule="none_failed"`): mapped tasks over an empty plan are skipped,
    and then there was nothing to do. It asks Stripe nothing.
    """

    template_fields: Sequence[str] = ("destination", "windows")
    table: ClassVar[type] = CheckOptions

    @takes_options(CheckOptions)
    def __init__(self, *, destination: str, windows: Any, **options: Any) -> None:  # noqa: ANN401 - a list, or what gives it
        """Make the task.

        Args:
            destination: the lake.
            windows: what was planned: `plan.output`.
            options: those of every operator.
        """
        options.setdefault("trigger_rule", "none_failed")
        super().__init__(destination=destination, **options)
        self.windows: Any = windows

    def carry_out(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Check, and return what the lake has.

        Raises:
            UsageError: what was planned came as text.
            StorageError: it lacks something, or a file is not as its record says.
        """
        windows = windows_of(self.windows)
        status = connector.run_status(self.destination)
        if said := wanting(status["accounts"], windows):
            raise StorageError(
                f"{self.destination} is not complete: {said}; clear the windows that failed, or plan again"
            )
        return self.handed_on(context, self.result_of(status))

    def result_of(self, report: Any) -> TaskResult:  # noqa: ANN401 - what `run_status` returns
        """Return the result that a lake's status comes to."""
        return of_status(report)
