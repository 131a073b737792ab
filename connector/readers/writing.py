"""Parts of statements: quoted texts, wrapped lists, and paths that an engine would take for patterns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from connector.errors import ConfigError
from connector.readers.described import Had
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connector.readers.described import Column, LakeTable

WIDTH = 110

NOT_RUN = "not run here: written from the vendor's documentation"


@dataclass(frozen=True, slots=True)
class Statement:
    """What gives an engine a table.

    Attributes:
        language: of the text.
        text: to be run as it is; it makes a view, a table, or a variable of the table's name.
        columns: names of those it has, in order.
        notes: what to know before it is used, a sentence each.
    """

    language: Literal["sql", "python"]
    text: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def commented(self) -> str:
        """The text below its notes, as comments of its language."""
        mark = "-- " if self.language == "sql" else "# "
        lines = [line for note in self.notes for line in wrap(note, WIDTH, initial_indent=mark, subsequent_indent=mark)]
        return "\n".join([*lines, self.text])


def sql_text(text: str) -> str:
    """Quote a text for SQL in which only the quote itself is doubled."""
    return "'" + text.replace("'", "''") + "'"


def backslashed_text(text: str) -> str:
    """Quote a text for SQL in which a backslash escapes: ClickHouse, BigQuery, Spark, Databricks, Hive, Snowflake."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def python_text(text: str) -> str:
    """Quote a printable text for Python."""
    return json.dumps(text, ensure_ascii=False)


def escaped(path: str, special: str, escape: Callable[[str], str]) -> str:
    """Write a path so that none of the special characters counts as a pattern."""
    return "".join(escape(character) if character in special else character for character in path)


def refuse_patterns(table: LakeTable, special: str, engine: str) -> None:
    """Refuse a place with characters that the engine takes for a pattern, and cannot be told otherwise.

    Raises:
        ConfigError: names the first.
    """
    letter = next((letter for letter in table.place if letter in special), None)
    if letter is not None:
        raise ConfigError(
            f"{engine} takes {letter!r} in {table.place!r} for part of a pattern, and has no way to say otherwise:"
            " name the lake by another path, as a link, or give `at`"
        )


def refuse_hive_names(table: LakeTable, engine: str) -> None:
    """Refuse a place in which a folder's name reads like one of the table's own partitions, where engines look, too.

    Raises:
        ConfigError: names the folder.
    """
    names = {partition.name for partition in table.partitions}
    folder = next((name for name in table.place.split("/") if name.split("=")[0] in names and "=" in name), None)
    if folder is not None:
        raise ConfigError(
            f"{engine} would take the folder {folder!r} above the lake for one of its partitions:"
            " name the lake by another path, as a link, or give `at`"
        )


def wrapped(items: Iterable[str], indent: str = "  ") -> str:
    """Write a list over as many lines as it takes, separated by commas."""
    lines = [""]
    for item in items:
        if lines[-1] and len(indent) + len(lines[-1]) + len(item) + 2 > WIDTH:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{item}"
    return ",\n".join(f"{indent}{line}" for line in lines)


def hive_type(kind: pa.DataType, names: Mapping[pa.DataType, str]) -> str:
    """Write a type as Hive and Spark write it, nested ones in angle brackets."""
    if pa.types.is_list(kind):
        return f"array<{hive_type(kind.value_type, names)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{hive_type(field.type, names)}' for field in kind)}>"
    return names[kind]


def arrow_expression(kind: pa.DataType) -> str:
    """Write a type as a call of pyarrow's."""
    if pa.types.is_list(kind):
        return f"pa.list_({arrow_expression(kind.value_type)})"
    if pa.types.is_struct(kind):
        fields = (f"({python_text(field.name)}, {arrow_expression(field.type)})" for field in kind)
        return f"pa.struct([{', '.join(fields)}])"
    return _ARROW[kind]


_ARROW = {
    pa.bool_(): "pa.bool_()",
    pa.date32(): "pa.date32()",
    pa.float64(): "pa.float64()",
    pa.int32(): "pa.int32()",
    pa.int64(): "pa.int64()",
    pa.string(): "pa.string()",
    INSTANT: 'pa.timestamp("us", "UTC")',
}


def pairs_of_arrow(columns: Iterable[Column]) -> list[str]:
    """Write columns as pairs of a name and a type of pyarrow's."""
    return [f"({python_text(column.name)}, {arrow_expression(column.type)})" for column in columns]


def line_notes(table: LakeTable) -> tuple[str, ...]:
    """Say what a reader of lines does not get; nothing for other formats."""
    if not table.is_lines:
        return ()
    if table.name == "balances":
        return ("A line is a snapshot as received, and a row of this; connector.read makes the table's rows of it.",)
    expanded = "source" in table.missing  # else there is no source_object, in no format
    missing = [name for name in table.missing if expanded or name != "source_object"]
    return (f"Not had from lines, but by connector.read: {', '.join(missing)}.",) if missing else ()


def without_objects(table: LakeTable, engine: str) -> LakeTable:
    """Return the table without what stands in lines as an object, for engines that cannot give its text.

    Raises:
        ConfigError: there is nothing left that is worth reading.
    """
    left = table.without(Had.TEXT_OF_OBJECT, Had.ID_OF_SOURCE, Had.TEXT_OF_SOURCE)
    if table.is_lines and table.name == "balances":
        raise unreadable(table, engine, "a line holds a snapshot as an object, whose text it does not give")
    return left


def unreadable(table: LakeTable, engine: str, reason: str) -> ConfigError:
    """Say that an engine cannot read a table's format, and how to have its rows all the same."""
    return ConfigError(
        f"{engine} cannot read {table.name} of format {table.format}: {reason}. The rows as Arrow:"
        f" connector.read(DEST, table={python_text(table.name)})"
    )
