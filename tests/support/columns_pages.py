"""The pages on columns, one a table, made from its schema: `python -m tests.support.columns_pages` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas" / "tables"
PAGES = ROOT / "docs" / "columns"
ENGINES = "How each engine says these types: `stripe-balance schema {table} --for duckdb` ([Readers](../readers.md))."
ADDED = "Columns that a lake has only where it was made with `--source-columns` ([Expanded rows](../expanded-rows.md))."


def tables() -> list[str]:
    """Return the names of all tables."""
    return sorted(path.stem for path in SCHEMAS.glob("*.json"))


def render(table: str) -> str:
    """Return a table's page."""
    schema = json.loads((SCHEMAS / f"{table}.json").read_text("utf-8"))
    lines = [
        f"# Columns of `{table}`",
        "",
        schema["description"],
        "",
        ADDED if table == "source_columns" else ENGINES.format(table=table),
        "",
        f"<!-- made from schemas/tables/{table}.json: python -m tests.support.columns_pages -->",
        "",
        "| column | type | null | meaning |",
        "|---|---|---|---|",
        *(line(name, said) for name, said in schema["properties"].items()),
    ]
    return "\n".join(lines) + "\n"


def line(name: str, said: dict[str, object]) -> str:
    """Return a column's line of the table."""
    null = "null" in said["type"] if isinstance(said["type"], list) else False
    unit = f" In {said['x-unit']}." if "x-unit" in said else ""
    path = f" From `{said['x-path']}`." if "x-path" in said else ""
    meaning = f"{said['description']}{unit}{path}".replace("|", "\\|")
    return f"| `{name}` | `{said['x-arrow']}` | {'yes' if null else 'no'} | {meaning} |"


def main() -> None:
    """Write every page."""
    PAGES.mkdir(exist_ok=True)
    for table in tables():
        (PAGES / f"{table}.md").write_text(render(table), "utf-8")


if __name__ == "__main__":
    main()
