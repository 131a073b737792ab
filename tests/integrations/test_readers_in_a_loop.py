"""Engines read a lake in a bucket again and again while it is written: no row twice, no past day in part."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import connector
from connector.core.state.partition import Granularity
from connector.lake.stores.base import open_store
from tests.readers.test_in_a_loop import lookers_of as on_disk
from tests.support import reading_in_a_loop as engines
from tests.support.examples import slow_but
from tests.support.lakes import run, sandbox, truth, world
from tests.support.reading_in_a_loop import Expected, Looker, judged, looking
from tests.support.written_while_read import TAKEN, life, made_of, may_raise

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")
pytest.importorskip("deltalake", reason="`make integrations` sets up what runs this")
pytest.importorskip("pyiceberg", reason="`make integrations` sets up what runs this")

from tests.integrations.test_tables import TableLake, _empty_catalog, configured  # noqa: F401 - fixtures

TABLE = "balance_transactions"
ROWS, DAYS = 600, 6

_HTTP = {"allow_http": "true"}


def lookers_of(lake: TableLake, expected: Expected) -> list[Looker]:
    """Engines over the table of a lake, with settings of their own."""
    there, column = lake.service.environment, expected.column
    folder, options = f"{lake.name}/{TABLE}", {name.lower(): one for name, one in there.items()}
    options = {**{name.removeprefix("aws_"): one for name, one in options.items()}, **_HTTP}
    ways: dict[str, dict[str, Callable[[], engines.Rows]]] = {
        "parquet": {
            "duckdb": partial(duckdb_keys, folder, options, column=column),
            "polars": partial(engines.polars_files, f"{folder}/", options, column=column),
            "pyarrow": partial(engines.pyarrow_files, folder.removeprefix("s3://"), s3(there), column=column),
        },
        "delta": {
            "deltalake": partial(engines.delta, folder, options, column=column),
            "polars": partial(engines.delta_polars, folder, options, column=column),
            "duckdb": partial(engines.delta_duckdb, folder, options, column=column),
        },
        "iceberg": {
            "pyiceberg": partial(engines.iceberg, partial(lake.iceberg, TABLE), column=column),
            "polars": partial(engines.iceberg_polars, partial(lake.iceberg, TABLE), options, column=column),
            "duckdb": partial(engines.iceberg_duckdb, partial(lake.iceberg, TABLE), column=column),
        },
    }
    return [Looker(name, look, expected) for name, look in ways[lake.kind].items()] + [
        Looker("connector", lambda: engines.of_arrow(connector.read(lake.destination).to_table(), column), expected)
    ]


def s3(there: Any) -> Any:
    """pyarrow's own client."""
    return import_module("pyarrow.fs").S3FileSystem(
        access_key=there["AWS_ACCESS_KEY_ID"],
        secret_key=there["AWS_SECRET_ACCESS_KEY"],
        region=there["AWS_REGION"],
        endpoint_override=there["AWS_ENDPOINT_URL"],
    )


def duckdb_keys(folder: str, options: dict[str, str], column: str) -> engines.Rows:
    """DuckDB over a list of keys: its extension for buckets is not in its package."""
    bucket, _, prefix = folder.removeprefix("s3://").partition("/")
    settings = {"config": {f"aws_{name}": one for name, one in options.items() if name != "allow_http"}}
    settings["client_options"] = {"allow_http": True}
    store = import_module("obstore.store").S3Store(bucket, **settings)
    listed = import_module("obstore").list(store, prefix=prefix).collect()
    files = import_module("obstore.fsspec").FsspecStore("s3", **settings)
    keys = [f"s3://{bucket}/{one['path']}" for one in listed if one["path"].endswith(".parquet")]
    return engines.duckdb_files(keys, files, column) if keys else []


@pytest.fixture(params=[pytest.param(kind, id=f"seaweedfs-{kind}") for kind in ("parquet", "delta", "iceberg")])
def lake(request, started):
    return TableLake(request.param, started("seaweedfs"))


def take_away(lake: TableLake) -> None:
    """Something else deletes a day."""
    if lake.kind == "parquet":
        store = open_store(lake.destination)
        store.delete(next(one.path for one in store.list(TABLE) if f"created_date={TAKEN}" in one.path))
    elif lake.kind == "delta":
        import_module("deltalake").DeltaTable(
            f"{lake.name}/{TABLE}", storage_options={**lake.service.environment, **_HTTP}
        ).delete(f"created_date = '{TAKEN}'")
    else:
        lake.iceberg(TABLE).delete(f"created_date = '{TAKEN}'")


@pytest.mark.filterwarnings("ignore")  # what libraries say of each other
@pytest.mark.parametrize("kills", slow_but([0], [0, 3]))
def test_engines_meet_whole_days_while_a_bucket_is_written(lake, kills):
    expected = Expected()
    lookers = lookers_of(lake, expected)
    environ = {**lake.service.environment, **{n: v for n, v in os.environ.items() if n.startswith("PYICEBERG_")}}
    with sandbox(world(ROWS, days=DAYS), latency=0.004) as served:
        with looking(lookers):
            gone = partial(take_away, lake)
            life(lake.destination, served, lookers, take_away=gone, kills=kills, environ=environ, **lake.options)
        judged(lookers, may_raise(lake.kind))
        for one in lookers:
            assert sorted(name for _, name, _ in one.look()) == sorted(row["id"] for row in truth(served)), one.name


@pytest.mark.filterwarnings("ignore")
def test_engines_meet_whole_days_while_a_bucket_is_made_of_a_folder(lake, tmp_path):
    expected = Expected()
    lookers = lookers_of(lake, expected)
    with sandbox(world(ROWS, days=DAYS)) as served:
        run(tmp_path / "old", served, format="jsonl")
        expected.grow(truth(served))
        with looking(lookers):
            connector.run_convert(tmp_path / "old", lake.destination, **lake.options)
        judged(lookers, {})


@pytest.mark.filterwarnings("ignore")
def test_engines_meet_whole_partitions_of_both_while_lakes_go_from_a_disk_to_a_bucket_and_back(lake, tmp_path):
    with sandbox(world(ROWS, days=70)) as served:
        expected = {one: Expected(Granularity(one)) for one in ("day", "month")}
        for one in expected.values():
            one.grow(truth(served))
        here, back = tmp_path / "here", tmp_path / "back"
        run(here, served)
        ways = [
            (here, "day", on_disk(here, "parquet", expected["day"]), lake.destination, "month", lake.options),
            (lake.destination, "month", lookers_of(lake, expected["month"]), back, "day", {"format": lake.kind}),
        ]
        readers = [lookers_of(lake, expected["month"]), on_disk(back, lake.kind, expected["day"])]
        for (source, _, old, place, partition, options), new in zip(ways, readers, strict=True):
            convert = partial(connector.run_convert, source, place, partition=partition, **options)
            made_of(old, new, convert, all_of=partial(every_file, source))


def every_file(place: Any) -> dict[str, str]:
    """Every file of a lake that the store lists, by its content."""
    store = open_store(place)
    there = [one.path for folder in ("_stripe_balance", TABLE) for one in store.list(folder)]
    return {path: hashlib.sha256(store.read(path).data).hexdigest() for path in there}
