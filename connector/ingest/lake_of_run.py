"""Which lake a run writes to: as it is, or as it is to be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.core.api.allocation import Savings
from connector.core.state.partition import Granularity
from connector.ingest.backfill import refuse_new_columns
from connector.lake.catalogs.lake_tables import check_tables
from connector.lake.formats.formats import format_named
from connector.lake.layout import Lake
from connector.lake.state import table_states
from connector.lake.state.audit_savings import load_savings
from connector.lake.state.lake_identity import facts_of
from connector.lake.state.lake_kind import kind_of
from connector.lake.state.run_reports import newest_reports, refuse_turned_back
from connector.tables.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.ingest.options import Options
    from connector.lake.stores.base import Store


def lake_of_run(store: Store, options: Options, run_id: str, *, now: int) -> Lake:
    """Return the lake as it is, or as it is to be made. Blocks.

    Args:
        store: the destination.
        options: what is asked for.
        run_id: the run, for the files that it makes.
        now: UTC seconds.

    Raises:
        ConfigError: it was made otherwise than is asked for.
        StateError: its newest records are gone, as the reports of its runs tell.
        StorageError: it cannot be read.
    """
    existing = next(iter(table_states.states(store)), None)
    there = existing.format if existing else facts_of(store).format
    kind: Mapping[str, Any] = {} if existing else kind_of(store)
    form = format_named(options.format or there or kind.get("format", "parquet"), source_columns=options.source_columns)
    if there is not None:
        table_states.refuse_another("format", there, form.name)
    made = existing.partition if existing else Granularity(kind.get("partition", Granularity.DAY))
    partition = options.partition or made
    table_states.check_destination(store, form.name, partition, options.of_lake, takes_up=options.backfill)
    refuse_new_columns(existing, options, form)
    check_tables(store, form.catalog, options.catalog)
    redactor = Redactor(options.privacy, options.salt) if options.privacy else None
    begun = table_states.accounts(store)
    reports = newest_reports(store, begun)
    witnessed = reports.records
    savings = reports.savings or (load_savings(store, now=now) if begun else Savings())
    if not (begun or options.repair):  # else each account is looked at when its turn comes
        for account in witnessed:
            refuse_turned_back(account, 0, witnessed)
    strict, columns = options.strict_schema, options.source_columns
    return Lake(store, form.of_run(run_id), partition, redactor, strict, columns, run_id, witnessed, savings)


def kind_to_make(lake: Lake, options: Options, *, livemode: bool | None) -> dict[str, Any]:
    """Return what is noted of a lake that is going to be made.

    Args:
        lake: as it is to be.
        options: what is asked for.
        livemode: whether the key reads live data; None where that is not known.
    """
    mode = {} if livemode is None else {"livemode": livemode}
    return {"format": lake.form.name, "partition": lake.partition.value, "options": options.of_lake, **mode}
