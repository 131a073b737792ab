"""Engines read a lake on a disk again and again while it is written: no row twice, no past day in part."""

from __future__ import annotations

import hashlib
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

import connector
from connector.core.state.partition import Granularity
from tests.support import reading_in_a_loop as engines
from tests.support.extras import present
from tests.support.lakes import run, sandbox, truth, world
from tests.support.reading_in_a_loop import Expected, Looker, judged, looking
from tests.support.reading_tables import opened, take_out_a_day
from tests.support.written_while_read import TAKEN, life, made_of, may_raise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS, DAYS = 600, 6
TABLE = "balance_transactions"


def lookers_of(lake: Path, kind: str, expected: Expected) -> list[Looker]:
    """Engines that are installed, over the table of a lake."""
    folder, column = str(lake / TABLE), expected.column

    def loaded(look: Callable[..., engines.Rows]) -> engines.Rows:
        with opened(lake, kind) as table:
            return look(lambda: table, column=column)

    ways: dict[str, dict[str, Callable[[], engines.Rows]]] = {
        "parquet": {
            "duckdb": partial(engines.duckdb_files, f"{folder}/**/*.parquet", column=column),
            "polars": partial(engines.polars_files, folder, column=column),
            "pyarrow": partial(engines.pyarrow_files, folder, column=column),
        },
        "delta": {
            "deltalake": partial(engines.delta, folder, column=column),
            "polars": partial(engines.delta_polars, folder, column=column),
            "duckdb": partial(engines.delta_duckdb, folder, column=column),
        },
        "iceberg": {
            "pyiceberg": partial(loaded, engines.iceberg),
            "polars": partial(loaded, engines.iceberg_polars),
            "duckdb": partial(loaded, engines.iceberg_duckdb),
        },
    }
    there = {name: look for name, look in ways[kind].items() if find_spec(name)}
    return [Looker(name, look, expected) for name, look in there.items()] + [
        Looker("connector", lambda: engines.of_arrow(connector.read(lake).to_table(), column), expected)
    ]


KINDS = [
    "parquet",
    pytest.param("delta", marks=present("deltalake")),
    pytest.param("iceberg", marks=present("pyiceberg")),
]


def take_away(lake: Path, kind: str) -> None:
    """Something else deletes a day."""
    if kind != "parquet":
        take_out_a_day(lake, kind, TAKEN)
        return
    next((lake / TABLE).glob(f"*/created_date={TAKEN}/part-0.parquet")).unlink()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what libraries say of each other
@pytest.mark.parametrize("kills", [0, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_engines_meet_whole_days_while_a_lake_is_written(kind, kills, tmp_path):
    lake, expected = tmp_path / "lake", Expected()
    lookers = lookers_of(lake, kind, expected)
    with sandbox(world(ROWS, days=DAYS), latency=0.004) as served:
        with looking(lookers):
            life(lake, served, lookers, take_away=partial(take_away, lake, kind), kills=kills, format=kind)
        judged(lookers, may_raise(kind))
        for one in lookers:
            assert sorted(name for _, name, _ in one.look()) == sorted(row["id"] for row in truth(served)), one.name


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_engines_meet_whole_days_while_a_lake_is_made_of_another(kind, tmp_path):
    lake, expected = tmp_path / "new", Expected()
    lookers = lookers_of(lake, kind, expected)
    with sandbox(world(ROWS, days=4 * DAYS)) as served:
        run(tmp_path / "old", served, format="jsonl")
        expected.grow(truth(served))
        with looking(lookers):
            connector.run_convert(tmp_path / "old", lake, format=kind)
        judged(lookers, {})


def files_of(lake: Path) -> dict[str, str]:
    """Every file below a lake's folder, by its content."""
    there = sorted(path for path in lake.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in there}


WAYS = [
    ["parquet-day", "delta-month", "iceberg-day", "parquet-month"],
    ["iceberg-month", "parquet-day", "delta-day", "iceberg-month"],
]
"""Lakes that are made of each other, one after the other."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", [pytest.param(way, marks=[present("deltalake"), present("pyiceberg")]) for way in WAYS])
def test_engines_meet_whole_partitions_of_both_while_lakes_are_made_of_each_other(way, tmp_path):
    with sandbox(world(ROWS, days=70)) as served:
        old: list[Looker] = []
        for number, form in enumerate(way):
            kind, _, partition = form.partition("-")
            lake, expected = tmp_path / f"{number}", Expected(Granularity(partition))
            expected.grow(truth(served))
            new = lookers_of(lake, kind, expected)
            if not old:
                run(lake, served, format=kind, partition=partition)
            else:
                source = tmp_path / f"{number - 1}"
                convert = partial(connector.run_convert, source, lake, format=kind, partition=partition)
                made_of(old, new, convert, all_of=partial(files_of, source))
            old = new
