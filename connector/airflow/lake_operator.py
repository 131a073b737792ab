"""What the operators over a lake share: whom to ask, how a task is stopped, what it hands on, what an error means.

A plain `execute` with an event loop of its own: Airflow's asynchronous base is told neither of timeouts nor of kills.
Airflow 3 stops a task by calling `on_kill` in a signal handler and killing it five seconds later; a run that is stopped
keeps what is complete within three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector import Canceller
from connector.airflow.arguments import options_of
from connector.airflow.connection import DEFAULT_CONNECTION
from connector.airflow.endings import deadline_of
from connector.airflow.hook import StripeHook
from connector.airflow.lineage import facets_of
from connector.airflow.rendered import destination_of, read_as
from connector.airflow.task_result import event_of
from connector.airflow.versions import AirflowFailException, BaseOperator
from connector.errors import ConnectorError
from connector.options.option import types_of
from connector.running.blocking import run_anywhere

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from connector.airflow.task_result import TaskResult


class LakeOperator(BaseOperator):
    """An operator over a lake.

    Args:
        destination: the lake: a bucket, or a folder that the workers share.
        stripe_conn_id: connection of type `stripe`; its password is the key.
        options: of the call that the operator stands for, by name, and those of every operator.
    """

    template_fields: Sequence[str] = ("destination", "since", "until", "accounts", "options", "stripe_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"options": "json"}
    ui_color = "#e3e8ff"
    sharers: int = 1
    """Tasks at work at once that share what Stripe allows the account; of mapped ones."""

    followed: bool = True
    """Whether more of them wait for a slot."""

    table: ClassVar[type]
    """The options of the call that the operator stands for."""

    def __init__(
        self,
        *,
        destination: str,
        stripe_conn_id: str = DEFAULT_CONNECTION,
        **options: Any,  # noqa: ANN401 - of the call, and Airflow's own
    ) -> None:
        mine = {name: options.pop(name) for name in options_of(self.table) if name in options}
        super().__init__(**options)
        self.destination = destination
        self.stripe_conn_id = stripe_conn_id
        self.since: Any = mine.pop("since", None)
        self.until: Any = mine.pop("until", None)
        self.accounts: Any = mine.pop("accounts", ())
        self.options = mine

    def execute(self, context: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what XCom takes
        """Do it, and return what XCom is to have.

        Raises:
            AirflowFailException: another try cannot help.
            ConnectorError: it may.
        """
        try:
            destination_of(self.destination)
            return self.carry_out(context)
        except ConnectorError as error:
            self._keep_report(context, error)
            if error.retryable:
                raise
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error

    def carry_out(self, context: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what XCom takes
        """Do what the operator is for, and return what XCom is to have."""
        raise NotImplementedError

    def on_kill(self) -> None:
        """Stop the run, which keeps what is complete. Called in a signal handler, at any moment."""
        self._canceller()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:  # noqa: ANN401 - Airflow's own
        """Return what OpenLineage is to know: from Stripe's API, into the tables of the lake."""
        del task_instance
        return facets_of(self.destination, self.tables)

    tables: ClassVar[tuple[str, ...]] = ()
    """Tables of the lake that it writes."""

    @property
    def _canceller(self) -> Canceller:
        """What stops the run of this process: a task is copied before it is carried out."""
        return vars(self).setdefault("_stop", Canceller())

    def asking(self) -> StripeHook:
        """Return the hook of the operator's connection."""
        return StripeHook(self.stripe_conn_id)

    def given(self) -> dict[str, Any]:
        """Return the options that were given, of templates what they say."""
        types = types_of(self.table)
        read = {name: read_as(value, types[name]) for name, value in self.options.items()}
        return {name: value for name, value in read.items() if value is not None}

    def chosen(self) -> Any:  # noqa: ANN401 - text, or a list of it
        """Return the accounts that were named, of a template what it says."""
        return read_as(self.accounts, "str | Sequence[str | None]")

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of an asynchronous call that asks Stripe: options, whom to ask, what stops it."""
        given = self.given()
        settings = self.asking().settings(
            rate=given.pop("rate", None), rate_per_account=given.pop("rate_per_account", None)
        )
        config = settings.config
        if self.sharers != 1:
            config = config.divided(self.sharers, followed=self.followed)
        accounts = self.chosen() or (() if given.get("all_accounts") else _named(settings.account))
        return {**given, **self.stopped_by(), "config": config, "accounts": accounts}

    def stopped_by(self) -> dict[str, Any]:
        """Return what stops a call: `on_kill`, and a deadline a little before Airflow's own timeout."""
        deadline = deadline_of(self.execution_timeout, self.given().get("deadline"))
        return {"canceller": self._canceller, "deadline": deadline}

    def call(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - what it returns
        """Run a coroutine in an event loop of its own, heeding Airflow's signal handlers."""
        return run_anywhere(main)

    def handed_on(self, context: Mapping[str, Any], result: TaskResult) -> dict[str, Any]:
        """Return a result as XCom has it, the same said in the event of every asset that is the task's outlet."""
        events = context.get("outlet_events")
        for outlet in self.outlets:
            if events is not None and hasattr(outlet, "uri"):
                events[outlet].extra = event_of(result)
        return result.to_document()

    def result_of(self, report: Any) -> TaskResult:  # noqa: ANN401 - a report of the call
        """Return the result that a report of the call comes to."""
        raise NotImplementedError

    def _keep_report(self, context: Mapping[str, Any], error: ConnectorError) -> None:
        """Keep what a failed run did by XCom, as `report`: Airflow keeps no return value of a task that fails."""
        report = getattr(error, "report", None)
        if report is not None:
            self.keep(context, self.result_of(report))

    def keep(self, context: Mapping[str, Any], result: TaskResult) -> None:
        """Keep a result by XCom, as `report`; where that cannot be, the error it is about still ends the task."""
        instance = context.get("ti")
        if instance is None:  # called without a run
            return
        try:
            instance.xcom_push(key="report", value=result.to_document())
        except Exception:
            self.log.exception("the report could not be kept by XCom")


def _named(account: str | None) -> tuple[str, ...]:
    return () if account is None else (account,)
