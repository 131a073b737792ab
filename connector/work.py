"""What one account's part of a run has to do: what the lake lacks of it, and which of its files cannot be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector.core.intervals import Interval, Intervals
from connector.core.plan import Plan, asked_since, bounds_of, due_files, plan, touched_files, without
from connector.core.refresh import Stretch, windows_of_pages
from connector.lake import commit, journal
from connector.lake.check import changed_files
from connector.lake.due import due_stretch
from connector.lake.recovery import recovered

if TYPE_CHECKING:
    from connector.core.manifest import DataFile, Manifest
    from connector.core.units import AccountId
    from connector.destination import Lake
    from connector.options import Options


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be read of one account, and what is there.

    Attributes:
        plan: what is to be read.
        manifest: the state to go on from, without the files found changed; None when the lake has none of the account.
        lost: files that cannot be trusted.
    """

    plan: Plan
    manifest: Manifest | None = None
    lost: tuple[DataFile, ...] = ()


def work_for(lake: Lake, options: Options, account: AccountId, now: int) -> Work:
    """Find out what a lake lacks of an account; when repairing, files no manifest names are removed.

    Blocks; belongs in a worker thread.

    Args:
        lake: what is there.
        options: what is asked for.
        account: whose rows.
        now: UTC seconds.

    Raises:
        ManifestError: when the account's state is damaged.
        StorageError: when the destination cannot be read.
    """
    found = commit.load(lake.store, account)
    manifest = found and _recovered(lake, options, found)
    planned = plan(manifest, options.asked, now=now, full_refresh=options.full_refresh)
    if found is None or manifest is None:
        return Work(planned)
    lost = _distrusted(lake, options, manifest, planned)
    kept = without(manifest, lost)
    if planned.refresh:
        planned = _narrowed(lake, planned, kept, now)
    held = Intervals.of(Interval(file.first_created, file.last_created + 1) for file in lost)
    again = found.covered.minus(kept.covered).union(held)  # a file may hold rows of time that was not covered yet
    planned = replace(planned, todo=planned.todo.union(again), read_before=planned.read_before.minus(again))
    return Work(planned, kept, tuple(lost))


def _recovered(lake: Lake, options: Options, manifest: Manifest) -> Manifest:
    """Return the manifest with what a run that died had published; written at once, unless we only look."""
    announced = journal.left_behind(lake.store, manifest.account)
    if not announced:
        return manifest
    manifest = recovered(lake.store, lake.form, manifest, announced)
    if not options.dry_run:
        manifest = commit.save(lake.store, manifest)
        journal.settle(lake.store, manifest.account)
    return manifest


def _distrusted(lake: Lake, options: Options, manifest: Manifest, planned: Plan) -> list[DataFile]:
    """Return the files whose rows must be read again: those to be merged with that changed, and all when repairing."""
    store = lake.store
    repair = options.repair and not options.dry_run
    differing = {one.path: one.kind for one in commit.compare(store, manifest, full=repair)}
    lost = changed_files(store, touched_files(manifest, planned.todo))
    if repair:
        lost += [file for path, file in manifest.files.items() if path in differing and file not in lost]
        for path, kind in differing.items():
            if kind == "extra":
                store.delete(path)
    return lost


def _narrowed(lake: Lake, planned: Plan, manifest: Manifest, now: int) -> Plan:
    """Return a plan with the stretches to refresh cut down to the pages around the rows that are due."""
    maybe = {
        file.path for file in due_files(manifest, now) if planned.refresh.touching(bounds_of(file, manifest.partition))
    }
    due: set[str] = set()

    def stretch(file: DataFile) -> Stretch:
        if file.path not in maybe:
            return Stretch(file.rows)
        found = due_stretch(lake.store, lake.form, file, since=asked_since(file, now), now=now)
        due.update({file.path} if found.due else ())
        return found

    files = sorted(manifest.files.values(), key=lambda file: file.first_created)
    refresh = planned.refresh.both(windows_of_pages(map(stretch, files)))
    narrowed = planned.todo.minus(planned.refresh).union(refresh)
    return replace(planned, todo=narrowed, refresh=refresh, refreshes=tuple(due.intersection(planned.refreshes)))
