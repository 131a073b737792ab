"""`schema`: the shapes of what is read and written, and how other engines read it."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

from connector import schemas
from connector.cli.display.flags import in_flags
from connector.core.suggestions import did_you_mean
from connector.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console

TABLES = "tables/"


def run(args: argparse.Namespace, console: Console) -> int:
    """Print names, one schema or one statement, and return the exit status."""
    if args.engine is not None:
        _statement(args, console)
    elif args.destination is not None or args.at is not None:
        raise UsageError("DEST and --at are for statements: name an engine with --for")
    elif args.table is None:
        _names(args, console)
    elif args.arrow:
        _arrow(args.table, console)
    else:
        name = args.table if args.table in schemas.names() else f"{TABLES}{args.table}"
        if name not in schemas.names():
            maybe = did_you_mean(args.table, _all_names())
            raise UsageError(f"no schema is called {args.table!r}{maybe}; there are {', '.join(_all_names())}")
        console.json_text(schemas.load(name))
    return 0


def _names(args: argparse.Namespace, console: Console) -> None:
    names = _tables() if args.arrow else _all_names()
    if console.json:
        console.document({"schemas": names})
    else:
        console.text(*names)


def _arrow(table: str, console: Console) -> None:
    from connector.tables.arrow import arrow_schema  # noqa: PLC0415 - names and JSON Schemas need no pyarrow

    name = table.removeprefix(TABLES)
    if name not in _tables():
        raise UsageError(
            f"no table is called {table!r}{did_you_mean(table, _tables())}; there are {', '.join(_tables())}"
        )
    schema = arrow_schema(name)
    if console.json:
        fields = [{"name": field.name, "type": str(field.type), "nullable": field.nullable} for field in schema]
        console.document({"table": name, "fields": fields})
    else:
        console.text(*[f"{field.name}: {field.type}{'' if field.nullable else ' not null'}" for field in schema])


def _statement(args: argparse.Namespace, console: Console) -> None:
    from connector.core.state.tables import TABLES as READ  # noqa: PLC0415 - names and JSON Schemas need no pyarrow
    from connector.readers.described import described  # noqa: PLC0415 - as above
    from connector.readers.engines import ENGINES, is_run, statement_for  # noqa: PLC0415 - as above

    engine, *rest = args.engine
    words = [word for word in (args.table, args.destination, *rest) if word is not None]
    if not 1 <= len(words) <= len(("TABLE", "DEST")) or args.arrow:
        raise UsageError(f"say `schema TABLE --for ENGINE [DEST]`, without --arrow; tables: {', '.join(READ)}")
    if engine not in ENGINES:
        raise UsageError(
            f"no engine is called {engine!r}{did_you_mean(engine, ENGINES)}; engines: {', '.join(ENGINES)}"
        )
    lake = args.place(words[1]) if words[1:] and not isinstance(words[1], PathLike) else next(iter(words[1:]), None)
    table = described(words[0].removeprefix(TABLES), lake, place=args.at)
    found = statement_for(engine, table)
    statement = replace(found, notes=tuple(map(in_flags, found.notes)))
    if not console.json:
        console.data(f"{statement.commented}\n".encode("utf-8", "backslashreplace"))  # as it is: to be run elsewhere
        return
    console.document(
        {
            "table": table.name,
            "engine": engine,
            "format": table.format,
            "language": statement.language,
            "is_run": is_run(engine, table),
            "columns": list(statement.columns),
            "notes": list(statement.notes),
            "statement": statement.text,
        }
    )


def _tables() -> list[str]:
    return [name.removeprefix(TABLES) for name in schemas.names() if name.startswith(TABLES)]


def _all_names() -> list[str]:
    """Return the tables by their own names, then all other schemas."""
    return [*_tables(), *[name for name in schemas.names() if not name.startswith(TABLES)]]
