"""A lake made of another one: `convert`, and its plain twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import anyio.to_thread

from connector.config.destination import placed
from connector.conversion.report import ConversionReport, to_document
from connector.conversion.run import ConversionRun, refuse_company
from connector.conversion.source import look
from connector.conversion.target import Target, begun_at
from connector.core.state.conversion import VERSION, Mark
from connector.core.state.partition import Granularity
from connector.errors import ConfigError
from connector.lake.catalogs.lake_tables import check_tables
from connector.lake.formats.formats import format_named
from connector.lake.reading.moment import Comparer
from connector.lake.state.lake_id import lake_id
from connector.lake.state.lease import at_work
from connector.lake.stores.base import open_store
from connector.options.calls import ConvertOptions
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.services import Services, carried_out, observed, opened

if TYPE_CHECKING:
    from os import PathLike

    from connector.conversion.source import Source
    from connector.events import OnEvent


@takes(ConvertOptions)
async def convert(
    destination: str | PathLike[str],
    new: str | PathLike[str],
    *,
    on_event: OnEvent | None = None,
    **options: Unpack[ConvertOptions],
) -> ConversionReport:
    """Make a lake of another one: in another format, in other partitions, or elsewhere. Stripe is asked nothing.

    The new lake holds the same rows, and knows all that the other one does: what was read, until when, what is to be
    read again. `sync` goes on with it where it would have gone on with the other. It is read back and compared before
    this returns; until then it says that it is unfinished, and every other call refuses it. What was cut off goes on
    when it is called again. The other lake is only read, and may be synced meanwhile.

    Args:
        destination: the lake that is there.
        new: where the new one is to be: a folder or a bucket's, with nothing in it.
        on_event: is told of each file, as by `connector.sync`.
        options: see below.

    Returns:
        What was written, table by table.

    Raises:
        ConfigError: there is no lake, or the place is not empty; rows are parked; the form is not one that there is.
        LakeChangedError: runs replaced files of the lake each time that they were read.
        LockedError: another run is making the new lake.
        StoppedError: it was stopped, by its canceller or deadline.
        StorageError: a file is gone or damaged, the new lake's place refuses, or what was read back differs.
    """
    there = placed(
        new,
        options.get("new_storage_options"),
        storage_options_file=options.get("new_storage_options_file"),
        single_writer=options.get("new_single_writer", False),
    )
    comparer = Comparer(open_store(destination))

    async def act(services: Services) -> ConversionReport:
        return await observed(
            "convert", services, lambda told: convert_with(told, comparer, str(destination), options), rate_limit=0.0
        )

    return await carried_out(opened(there, None, on_event), act, options)


async def convert_with(services: Services, comparer: Comparer, name: str, options: ConvertOptions) -> ConversionReport:
    """Do what `convert` does, with what it touches open already.

    Args:
        services: of the new lake.
        comparer: of the other one's store.
        name: of the other one, for reports.
        options: as for `convert`.
    """
    source = await anyio.to_thread.run_sync(look, comparer, name)
    mark = _mark(source, options)
    begun = await anyio.to_thread.run_sync(begun_at, source.store, services.store, mark, services.destination)
    form = format_named(mark.format, source_columns=bool(source.options.get("source_columns")))
    await anyio.to_thread.run_sync(check_tables, services.store, form.catalog, mark.catalog)
    async with at_work(services.lease(services.new_run(services.clock.now()), "convert")) as lease:
        await lease.begin()
        refuse_company(lease.others.live)
        target = Target(lease.store, lease.lease.id, mark.format, Granularity(mark.partition))
        work = ConversionRun(comparer, name, target, mark, services.on_event)
        if begun is None or begun.tables is None:
            tables = await work.go(source)
        else:  # runs may be at work on it already
            tables = begun.tables
            await work.finish()
    return ConversionReport(
        source=name,
        destination=services.destination,
        lake=lake_id(services.store) or "",
        format=mark.format,
        partition=mark.partition,
        tables=tables,
        parts_kept=work.kept,
    )


def _mark(source: Source, options: ConvertOptions) -> Mark:
    """Return what the new lake is to say of itself; raises a ConfigError for a form that there is not."""
    form = format_named(options.get("format") or source.format)
    partition = options.get("partition") or source.partition.value
    if partition not in {granularity.value for granularity in Granularity}:
        raise ConfigError(f"there is no partition {partition!r}; choose one of {', '.join(Granularity)}")
    return Mark(
        version=VERSION, source=source.lake, format=form.name, partition=partition, catalog=options.get("catalog")
    )


@takes(ConvertOptions)
def run_convert(
    destination: str | PathLike[str], new: str | PathLike[str], **options: Unpack[ConvertOptions]
) -> dict[str, Any]:
    """Call `convert` from ordinary code: the report as a JSON-able dict.

    Args:
        destination: as for `convert`.
        new: likewise.
        options: see below.

    Returns:
        The document of `schemas/conversion.json`.

    Raises:
        ConnectorError: as `convert`.
    """

    async def main() -> ConversionReport:
        return await convert(destination, new, **options)

    return to_document(run_blocking(main, instead="await connector.convert(…)"))
