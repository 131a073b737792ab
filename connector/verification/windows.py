"""The second layer: covered time has no hole, and windows of it asked again hold the same rows.

Windows are asked with bounds of their own, drawn by chance, so that a row lost at the bound of a window of the sync is
not lost again in the same way.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.core.api.fields import object_of
from connector.core.api.json_text import REPEATED
from connector.core.ledger.accounting import BalanceKey, Total, add_totals
from connector.core.planning.audit.sampling import choose
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME, to_words
from connector.errors import LakeChangedError, SchemaError, StorageError
from connector.events import PhaseStarted, StepDone
from connector.lake.formats.formats import format_of
from connector.lake.formats.row_columns import inside
from connector.running.concurrency import tasks_with_one_error
from connector.tables.balance_transactions import to_objects
from connector.verification.evidence import layer_sums
from connector.verification.inventory import batches
from connector.verification.sums import sums_of
from connector.verification.verdict import Finding, Findings, Layer, not_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.core.api.page import Row
    from connector.core.planning.audit.sampling import Choice, Draw
    from connector.core.state.table_state import TableState
    from connector.events import OnEvent
    from connector.lake.stores.base import Store
    from connector.verification.asking import Asker
    from connector.verification.earlier_runs import EarlierRuns
    from connector.verification.inventory import Inventory

AT_ONCE = 8
"""Windows asked at once; the pace of requests is the client's."""

HELD, HELD_OF_A_PAGE = 8, 200
"""Windows whose rows are in memory at once, those of two thousand rows and those of a page: about 50 MB."""

SURPLUS = 1_000
"""Rows read beyond those expected, before it is clear enough that they are missing."""

IDS_NAMED = 5

CHANGING = frozenset({"status", "available_on"})
"""Fields that change when money becomes available; nothing tells when."""


@dataclass(slots=True)
class WindowCheck:
    """One account's windows.

    Attributes:
        store: the lake.
        inventory: of the account's files.
        past: what earlier runs were asked for and left.
        on_event: is told of phase and steps.
        asked: seconds to look at instead of all that runs were asked for, or None.
        findings: what does not agree.
        windows: windows asked.
        rows: rows compared.
        sums: what they come to, as Stripe has them.
    """

    store: Store
    inventory: Inventory
    past: EarlierRuns
    on_event: OnEvent
    asked: Interval | None
    findings: Findings = field(default_factory=Findings)
    windows: int = 0
    rows: int = 0
    sums: dict[BalanceKey, Total] = field(default_factory=dict[BalanceKey, Total])

    async def check(self, asker: Asker | None, *, budget: int | None, draw: Draw) -> Layer:
        """Return the verdict of the layer `windows`.

        Args:
            asker: whom to ask; None to look at the lake's own records alone.
            budget: see `sampling.choose`.
            draw: chance.
        """
        self._check_coverage()
        choice = choose(self.inventory.profile, self._chosen(), budget=budget, draw=draw)
        if asker is not None:
            self.on_event(PhaseStarted("asking about windows again", len(choice.windows)))
            at_once = HELD if choice.everything else HELD_OF_A_PAGE
            for start in range(0, len(choice.windows), at_once):
                await self._ask_all(asker, choice.windows[start : start + at_once])
        if not self.windows and not self.findings:
            return not_checkable("windows", f"{self._coverage()}; Stripe was asked for none of it")
        asked = choice.gaps_asked if self.windows else 0
        checked = {"windows": self.windows, "rows": self.rows, "gaps": choice.gaps, "gaps_asked": asked}
        layer = self.findings.layer("windows", f"{self._coverage()}; {self._said(choice)}", checked=checked)
        return replace(layer, sums=layer_sums("rows_at_stripe", self.sums))

    # Coverage ---------------------------------------------------------------------------------------------------------

    def _check_coverage(self) -> None:
        """Hold the state's covered time to what runs were asked for, and to what they left."""
        covered, settled = self.inventory.state.covered, self.inventory.settled
        asked = Intervals((self.asked,)) if self.asked else self.past.asked
        if not asked and covered:
            asked = Intervals.span(covered.parts[0].start, settled)
        due = asked if not covered else asked.minus(Intervals.span(settled, END_OF_TIME))
        for part in due.minus(covered):
            message = f"{_text(part)} was asked for and is not covered: sync again"
            self.findings.add(Finding("time_not_covered", message, window=part))
        for part in self.past.covered.minus(covered).minus(due.minus(covered)):
            message = f"{_text(part)} was covered by run {self.past.run_id} and is no longer: sync again"
            self.findings.add(Finding("time_no_longer_covered", message, window=part))

    def _chosen(self) -> Intervals:
        covered = self.inventory.state.covered
        return covered.within(self.asked) if self.asked else covered

    def _coverage(self) -> str:
        parts = [_text(part) for part in self._chosen()]
        return f"{', '.join(parts)} is covered without a hole" if parts else "nothing is covered yet"

    def _said(self, choice: Choice) -> str:
        if choice.everything:
            return f"all of it was asked for again: {self.rows:,} rows, the same as in the lake"
        gaps = f"among them {choice.gaps_asked:,} of {choice.gaps:,} long gaps"
        return (
            f"{self.windows:,} windows of it were asked for again, {gaps}: {self.rows:,} rows, the same as in the lake"
        )

    # Asking again -----------------------------------------------------------------------------------------------------

    async def _ask_all(self, asker: Asker, windows: Sequence[Interval]) -> None:
        """Ask windows again, several at once, and compare them with the lake."""
        state = self.inventory.state
        read = anyio.to_thread.run_sync
        held = await read(rows_within, self.store, state, Intervals.of(windows), self.inventory.unreadable)
        held.sort(key=itemgetter("created"))
        room = anyio.Semaphore(AT_ONCE)

        async def ask(window: Interval) -> None:
            async with room:
                first, stop = (bisect_left(held, at, key=itemgetter("created")) for at in (window.start, window.stop))
                await self._ask(asker, window, held[first:stop])

        async with tasks_with_one_error() as tasks:
            for window in windows:
                tasks.start_soon(ask, window)

    async def _ask(self, asker: Asker, window: Interval, held: list[Row]) -> None:
        listed: list[Row] = []
        most, whole = len(held) + SURPLUS, True
        async with asker.listed(Intervals((window,))) as pages:
            async for page in pages:
                listed += page
                if len(listed) > most:
                    whole = False
                    break
        self.windows += 1
        self.rows += len(listed)
        self.sums = add_totals([self.sums, sums_of(listed)])
        self.on_event(StepDone())
        self._compare(window, held, listed, whole=whole)

    def _compare(self, window: Interval, held: list[Row], listed: list[Row], *, whole: bool) -> None:
        here, there = {row["id"]: row for row in held}, {row["id"]: row for row in listed}
        if missing := [row_id for row_id in there if row_id not in here]:
            least = "" if whole else "at least "
            message = (
                f"Stripe lists {least}{len(missing):,} rows created in {_text(window)} that the lake does not have, "
                f"though it counts that time as covered: {_named(missing)}; read them with `full_refresh`"
            )
            self._found("missing_rows", message, window, missing, (len(there), len(there) - len(missing)))
        if whole and (surplus := [row_id for row_id in here if row_id not in there]):
            message = f"{len(surplus):,} rows created in {_text(window)} are not listed by Stripe: {_named(surplus)}"
            self._found("rows_not_at_stripe", message, window, surplus, (len(there), len(here)))
        left_out = self._left_out()
        for row_id in here.keys() & there.keys():
            fields = differing(here[row_id], there[row_id], left_out)
            if fields:
                message = f"{row_id} differs from what Stripe has in {', '.join(fields)}"
                self.findings.add(Finding("row_differs_from_stripe", message, id=row_id, window=window))

    def _found(self, kind: str, message: str, window: Interval, ids: Sequence[str], figures: tuple[int, int]) -> None:
        expected, there = figures
        finding = Finding(kind, message, window=window, ids=tuple(ids[:IDS_NAMED]), expected=expected, found=there)
        self.findings.add(finding, len(ids))

    def _left_out(self) -> frozenset[str]:
        """Return the fields that are not in the lake as they were received."""
        options = self.inventory.state.options
        named: list[str] = [*options.get("omit", ()), *options.get("hash", ())]
        inside = [name for name in named if name.startswith("source.")]  # an expanded source counts by its id alone
        return CHANGING | {name.split(".")[0] for name in named if name not in inside}


def rows_within(store: Store, state: TableState, seconds: Intervals, unreadable: Iterable[str]) -> list[Row]:
    """Return the rows of a lake created in these seconds, as received. Blocks; belongs in a worker thread."""
    form = format_of(state)
    rows: list[Row] = []
    for path, file in sorted(state.files.items()):
        if path in unreadable or not seconds.touching(Interval(file.first_created, file.last_created + 1)):
            continue
        with store.opened(path) as local:
            if local is None:  # it was there a moment ago, or it would be among the unreadable
                raise LakeChangedError(f"{path} went while it was checked: verify again")
            try:
                with batches(form, local) as read:
                    for batch in read:
                        chosen = batch.filter(inside(batch.column("created"), seconds))
                        if chosen.num_rows:
                            rows += to_objects(chosen)
            except (StorageError, SchemaError) as error:
                raise LakeChangedError(f"{path} changed while it was checked: {error}; verify again") from error
    return rows


def differing(here: Mapping[str, Any], there: Mapping[str, Any], left_out: frozenset[str]) -> list[str]:
    """Return the fields that differ, sorted, those in `left_out` apart.

    An expanded `source` counts by its id: the object itself may have changed since. A field that only one of two API
    versions knows (`balance_type`) is no difference, nor is what came twice, maybe within a source.
    """
    names = (here.keys() & there.keys()) - left_out - {REPEATED}
    return sorted(name for name in names if _value(here, name) != _value(there, name))


def _value(row: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON
    value = row[name]
    expanded = object_of(value) if name == "source" else None
    return value if expanded is None else expanded.get("id")


def _named(ids: Sequence[str]) -> str:
    more = len(ids) - IDS_NAMED
    return ", ".join(ids[:IDS_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _text(part: Interval) -> str:
    if part.stop >= END_OF_TIME:
        return f"from {to_words(part.start)}"
    return (
        f"all before {to_words(part.stop)}" if part.start <= 0 else f"{to_words(part.start)} to {to_words(part.stop)}"
    )
