"""A run as its events tell of it, for whoever draws it: counts, and what goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from connector.cli.display.words import lasting
from connector.events import (
    AccountEnded,
    AccountFailed,
    AccountIdentified,
    AccountsFound,
    Committed,
    Event,
    FileRead,
    PageReceived,
    PartitionStaged,
    PhaseStarted,
    RateShared,
    RequestAnswered,
    RunLapsed,
    RunStarted,
    RunWaiting,
    StepDone,
    Throttled,
    WindowClosed,
    WindowOpened,
)


@dataclass(slots=True)
class RunView:
    """How far a run is. The event loop's thread writes and reads it.

    Attributes:
        phase: what goes on, in a word or two.
        stopping: what is done instead, once somebody ended the run; empty before.
        accounts: how many there are to read; 0 before that is known.
        accounts_done: how many have been read, or have failed.
        account: whose rows were read last.
        rate_limit: requests per second aimed at; infinite for none.
        rows: rows received.
        pages: answers with rows.
        files: files written, found to be right, or read in a check.
        rows_safe: rows received that no run has to read again.
        steps: parts of what goes on, where that is known beforehand; 0 where it is not.
        steps_done: those of them that are done.
        requests: attempts by operation.
        refused: 429s.
        remarks: what is to be told once, in order, and was not told yet.
    """

    phase: str = "starting"
    stopping: str = ""
    accounts: int = 0
    accounts_done: int = 0
    account: str = ""
    rate_limit: float = 0.0
    rows: int = 0
    pages: int = 0
    files: int = 0
    rows_safe: int = 0
    steps: int = 0
    steps_done: int = 0
    requests: Counter[str] = field(default_factory=Counter[str])
    refused: int = 0
    remarks: list[str] = field(default_factory=list[str])
    _shared: bool = field(init=False, default=False)
    _windows: Counter[str | None] = field(init=False, default_factory=Counter["str | None"])
    _pages: Counter[str | None] = field(init=False, default_factory=Counter["str | None"])
    _pages_left: dict[str | None, float] = field(init=False, default_factory=dict["str | None", float])

    @property
    def windows(self) -> int:
        """Windows being read."""
        return self._windows.total()

    @property
    def accounts_read(self) -> float:
        """Accounts that have been read, those at work by the share of them that is known to be."""
        done = float(self.accounts_done)
        if self.steps:  # of one account
            done += min(1.0, self.steps_done / self.steps)
        elif self.phase == "reading":
            known = [(self._pages[name], left) for name, left in self._pages_left.items() if left < float("inf")]
            done += sum(pages / (pages + left) for pages, left in known if pages)
        return min(done, self.accounts)

    @property
    def pages_left(self) -> float:
        """Pages thought to be left in the accounts begun; infinite when not known."""
        return sum(self._pages_left.values()) if self.pages else float("inf")

    def hear(self, event: Event) -> None:
        """Take note of an event: an `on_event`."""
        match event:
            case RequestAnswered():
                self.requests[event.endpoint] += 1
            case PageReceived():
                self.rows, self.pages = self.rows + event.rows, self.pages + 1
                self._pages[event.account] += 1
                self._pages_left[event.account] = event.pages_left
            case WindowOpened():
                self._windows[event.account] += 1
            case WindowClosed():
                self._windows[event.account] -= 1
            case PartitionStaged():
                self.files += 1
            case Committed():
                self.rows_safe += event.received
            case Throttled():
                self.refused += 1
            case _:
                self._hear_rarer(event)

    def _hear_rarer(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.rate_limit = event.rate_limit
            case RunWaiting():
                self.phase = "waiting for other runs"
            case RateShared():
                self._hear_sharing(event)
            case RunLapsed():
                self.remarks.append(
                    f"gave no sign of life for {lasting(event.seconds)} (was this machine asleep?): other runs may have"
                    " taken this one for dead; if they did, it ends with status 75, and the next run reads the rest"
                )
            case PhaseStarted():
                self.phase, self.steps, self.steps_done = event.phase, event.steps, 0
            case StepDone():
                self.steps_done += 1
            case FileRead():
                self.rows, self.files, self.steps_done = self.rows + event.rows, self.files + 1, self.steps_done + 1
            case _:
                self._hear_accounts(event)

    def _hear_accounts(self, event: Event) -> None:
        match event:
            case AccountsFound():
                self.accounts, self.accounts_done = event.accounts, event.done
            case AccountIdentified():
                self.account = event.name
            case AccountEnded() | AccountFailed():
                self.accounts_done, self.steps = self.accounts_done + 1, 0
                self._windows.pop(event.account, None)
                self._pages_left.pop(event.account, None)
                self._pages.pop(event.account, None)
            case _:
                pass

    def _hear_sharing(self, event: RateShared) -> None:
        """Tell the first time that the rate is shared; later on the rate that is shown says so."""
        if event.rate != self.rate_limit and event.runs > 1 and not self._shared:
            self._shared = True
            self.remarks.append(
                f"{event.runs:,} runs at work on this lake read the same account: this one goes at {event.rate:g}"
                " requests/s, its share of the rate (--rate: another one, of its own)"
            )
        self.rate_limit = event.rate
