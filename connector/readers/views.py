"""Views for finance over a lake's tables: amounts as money, local days, and what belongs to each row.

They stand on the tables as `schema --for` gives them, one statement after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.ledger.ledger import CONVERSION_TYPE, FEES, TAXES
from connector.errors import ConfigError, UsageError
from connector.lake.state.table_states import TABLE
from connector.readers.described import described
from connector.readers.dialects import DIALECTS
from connector.readers.engines import ENGINES, statement_for
from connector.readers.writing import NOT_RUN, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from connector.readers.described import LakeTable
    from connector.readers.dialects import Dialect

ENGINE_NAMES = tuple(DIALECTS)

VIEWS = ("stripe_transactions", "stripe_fees", "stripe_payouts")
"""Names of the views; that of payouts where the lake has any."""


def views_for(
    engine: str, destination: str | PathLike[str], *, zone: str = "UTC", place: str | None = None
) -> Statement:
    """Write the statements that give an engine the views of a lake.

    Args:
        engine: one of `ENGINE_NAMES`.
        destination: the lake.
        zone: IANA name of the zone for local times and days.
        place: where the engine finds the lake, if elsewhere.

    Raises:
        UsageError: there are no views for such an engine.
        ConfigError: there is no lake, or the engine cannot read it.
        StateError: a record cannot be understood.
        StorageError: the lake cannot be read.
    """
    if engine not in DIALECTS:
        raise UsageError(f"there are no views for {engine!r}; there are for {', '.join(DIALECTS)}")
    tables = {TABLE: described(TABLE, destination, place=place)}
    for name in ("payouts", "payout_transactions"):
        described_table = _described(name, destination, place)
        if described_table is not None:
            tables[name] = described_table
    dialect = DIALECTS[engine]
    bases = [statement_for(engine, table) for table in tables.values()]
    views = list(_views(dialect, tables, dialect.quoted(zone)))
    notes = [note for base in bases for note in base.notes]
    if not ENGINES[engine].is_run:
        notes.append(f"Views for {engine}: {NOT_RUN}.")
    if "payouts" not in tables:
        notes.append("No payouts are in the lake: bring them with `stripe-balance payouts`, and make the views again.")
    names = VIEWS if "payouts" in tables else VIEWS[:2]
    if bases[0].language == "python":
        return Statement("python", _as_python(bases, list(tables), views), names, tuple(dict.fromkeys(notes)))
    text = "\n\n".join([*(base.text for base in bases), *(f"{view};" for view in views)])
    return Statement("sql", text, names, tuple(dict.fromkeys(notes)))


def _described(name: str, destination: str | PathLike[str], place: str | None) -> LakeTable | None:
    """Describe a table of payouts; None where the lake has none."""
    try:
        lake_table = described(name, destination, place=place)
    except ConfigError:
        return None
    return lake_table if lake_table.paths else None


def _as_python(bases: list[Statement], names: list[str], views: list[str]) -> str:
    parts: list[str] = []
    for base, name in zip(bases, names, strict=True):
        parts.append(f'{base.text}\n{name}.createOrReplaceTempView("{name}")')
    parts += [f'spark.sql(r"""\n{view}\n""")' for view in views]
    return "\n\n".join(parts)


def _views(dialect: Dialect, tables: dict[str, LakeTable], zone: str) -> Iterator[str]:
    rows = tables[TABLE]
    yield _transactions(dialect, rows, zone, payouts="payouts" in tables, pairs="payout_transactions" in tables)
    yield _fees(dialect, zone)
    if "payouts" in tables:
        yield _payouts(dialect, tables["payouts"], zone)


def _transactions(dialect: Dialect, rows: LakeTable, zone: str, *, payouts: bool, pairs: bool) -> str:
    """Write the view of balance transactions: each once, with its payout, and what its source tells."""
    local = dialect.local.format(at="t.created", zone=zone)
    columns = [
        *_amounts(dialect),
        ("created_local", local),
        ("created_day", dialect.day.format(moment=local)),
        ("available_day", dialect.day.format(moment=dialect.local.format(at="t.available_on", zone="'UTC'"))),
        *_sources(dialect, rows),
        ("payout_id", "p.payout_id" if pairs else dialect.nothing(dialect.text)),
        ("payout_arrival_day", "p.arrival_date" if pairs else dialect.nothing(dialect.date)),
    ]
    if payouts and pairs:
        columns.append(("payout_status", "o.status"))
    kept = [
        "account",
        "id",
        "type",
        "reporting_category",
        "balance_type",
        "currency",
        "status",
        "created",
        "available_on",
    ]
    kept += ["description", "source", "exchange_rate"]
    joins = [f"from {TABLE} as t"]
    if pairs:
        joins.append(_LATEST)
    if payouts and pairs:
        joins.append("left join payouts as o on o.account = p.account and o.id = p.payout_id")
    if pairs and dialect.end:
        joins.append(dialect.end)
    written = [f"t.{name} as {name}" for name in kept] + [f"{text} as {name}" for name, text in columns]
    return _view(dialect, VIEWS[0], written, joins)


_LATEST = """\
left join (
  select account, balance_transaction_id, payout_id, arrival_date, row_number() over (
    partition by account, balance_transaction_id order by arrival_date desc, payout_id desc
  ) as place
  from payout_transactions
) as p on p.account = t.account and p.balance_transaction_id = t.id and p.place = 1"""
"""The payout of a row: one that was in a payout that failed may be in a later one, too."""


def _amounts(dialect: Dialect) -> Iterator[tuple[str, str]]:
    for name in ("amount", "fee", "net"):
        yield name, dialect.money(f"t.{name}", "t.currency")
        yield f"{name}_minor", f"t.{name}"


def _sources(dialect: Dialect, rows: LakeTable) -> Iterator[tuple[str, str]]:
    """Yield what the source of a row tells; null where the lake does not have it."""
    if "source_object" not in rows.names:
        yield from ((name, dialect.nothing(dialect.text)) for name in ("charge", "refund_reason", "dispute_reason"))
        return

    def of(path: str) -> str:
        return dialect.field.format(text="t.source_object", path=path)

    kind = of("object")
    yield (
        "charge",
        f"case when {kind} = 'charge' then t.source when {kind} in ('refund', 'dispute') then {of('charge')} end",
    )
    yield "refund_reason", f"case when {kind} = 'refund' then {of('reason')} end"
    yield "dispute_reason", f"case when {kind} = 'dispute' then {of('reason')} end"


def _fees(dialect: Dialect, zone: str) -> str:
    """Write the view of fees: parts of rows, and rows that are fees themselves."""
    local = dialect.local.format(at="t.created", zone=zone)
    day = dialect.day.format(moment=local)
    amount, currency, type_, text = (
        dialect.part.format(name=name) for name in ("amount", "currency", "type", "description")
    )
    head = ["t.account as account", "t.id as transaction_id", "t.reporting_category as reporting_category"]
    parts = [
        *head,
        "'part of a row' as place",
        f"{type_} as type",
        f"{text} as description",
        f"{currency} as currency",
        f"{dialect.money(amount, currency)} as amount",
        f"{day} as created_day",
    ]
    own = [
        *head,
        "'row of its own' as place",
        "t.type as type",
        "t.description as description",
        "t.currency as currency",
        f"{dialect.money('-t.amount', 't.currency')} as amount",
        f"{day} as created_day",
    ]
    where = f"where t.reporting_category in ('{FEES}', '{TAXES}') or t.type = '{CONVERSION_TYPE}'"
    second = "select\n" + ",\n".join(f"  {name}" for name in own) + f"\nfrom {TABLE} as t\n{where}"
    joined = (
        f"from {TABLE} as t {dialect.parts}"
        if not dialect.parts.startswith(",")
        else f"from {TABLE} as t{dialect.parts}"
    )
    return _view(dialect, VIEWS[1], parts, [joined, "union all", second])


def _payouts(dialect: Dialect, table: LakeTable, zone: str) -> str:
    local = dialect.local.format(at="t.created", zone=zone)
    arrival = dialect.day.format(moment=dialect.local.format(at="t.arrival_date", zone="'UTC'"))
    kept = ["account", "id", "currency", "status", "automatic", "method", "destination", "failure_code", "created"]
    kept += [name for name in ("trace_id_status", "trace_id_value") if name in table.names]
    written = [
        *(f"t.{name} as {name}" for name in kept),
        f"{dialect.money('t.amount', 't.currency')} as amount",
        "t.amount as amount_minor",
        f"{local} as created_local",
        f"{dialect.day.format(moment=local)} as created_day",
        f"{arrival} as arrival_day",
    ]
    return _view(dialect, VIEWS[2], written, ["from payouts as t"])


def _view(dialect: Dialect, name: str, columns: list[str], rest: list[str]) -> str:
    return "\n".join(
        [f"{dialect.create.format(name=name)} select", ",\n".join(f"  {column}" for column in columns), *rest]
    )
