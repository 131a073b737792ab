"""What a run says of itself, whatever became of it."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest

import connector
from connector.cli.display.run_view import RunView
from connector.config.config import ApiKey
from connector.core.run_report import to_document
from connector.core.units import DAY
from connector.errors import AuthenticationError, ConnectorError, ProtocolError
from tests.support.lakes import (
    START,
    config_for,
    data_files,
    interrupted_at,
    objects,
    run,
    sandbox,
    state,
    truth,
    world,
)

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "run_report.json").read_text())
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def kept(lake: Path) -> list[dict[str, Any]]:
    """Every report kept in a lake, oldest first; each is held to the schema."""
    documents = [json.loads(path.read_bytes()) for path in sorted((lake / "_stripe_balance" / "runs").glob("*.json"))]
    for document in documents:
        CHECK.validate(document)
    return documents


def parts(schema: Any, where: str = "#") -> list[tuple[str, dict[str, Any]]]:
    """Every property of a schema, however deep, with its place."""
    if isinstance(schema, list):
        return [part for one in schema for part in parts(one, where)]
    if not isinstance(schema, dict):
        return []
    own = [
        (f"{where}/{name}", one) for name, one in {**schema.get("properties", {}), **schema.get("$defs", {})}.items()
    ]
    return own + [part for name, one in schema.items() for part in parts(one, f"{where}/{name}")]


def test_the_schema_is_sound_and_describes_every_property():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert not [where for where, one in parts(SCHEMA) if not one.get("description")]


def test_a_complete_run_keeps_the_report_it_returns(tmp_path):
    with sandbox() as stripe_:
        report = run(tmp_path, stripe_, settings={"rate": 400.0})
    (document,) = kept(tmp_path)
    assert document == json.loads(json.dumps(to_document(report)))
    assert document["outcome"] == "complete"
    assert document["error"] is None
    assert document["destination"] == str(tmp_path)
    assert document["connector_version"] == connector.__version__
    assert document["requests"]["rate_limit"] == 400.0
    assert 0 < document["requests"]["utilisation"] <= 1


def test_the_counts_of_requests_are_those_the_server_saw(tmp_path):
    with sandbox(faults=["500:every=5", "rate-limit:every=7,reason=endpoint-concurrency"]) as stripe_:
        report = run(tmp_path, stripe_)
        seen = stripe_.stats()
    requests = kept(tmp_path)[0]["requests"]
    assert requests["total"] == seen["requests"] == sum(requests["by_endpoint"].values())
    assert requests["statuses"] == {str(status): count for status, count in seen["by_status"].items()}
    assert sum(requests["limited"].values()) == requests["statuses"]["429"] == report.requests.limited_total
    assert requests["retries"] == requests["total"] - requests["statuses"]["200"]
    assert requests["received_bytes"] == seen["bytes"]


def test_the_account_says_what_the_lake_holds(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        rows = truth(stripe_)
    (account,) = kept(tmp_path)[0]["accounts"]
    assert account["lake_rows"] == account["rows_new"] == len(rows)
    assert account["net"] == {
        currency: sum(row["net"] for row in rows if row["currency"] == currency)
        for currency in sorted({row["currency"] for row in rows})
    }
    assert account["lake_pending"] == sum(row["status"] == "pending" for row in rows)
    assert account["lake_bytes"] == sum(file.bytes for file in state(tmp_path).files.values())
    assert account["covered"] == [[part.start, part.stop] for part in state(tmp_path).covered]
    assert account["late"] == {"rows": 0, "first_created": None, "last_created": None, "longest_lag_seconds": 0}


@pytest.mark.slow
def test_reports_of_all_kinds_of_runs_fit_the_schema(tmp_path):
    with sandbox(world(800, connected=2)) as stripe_:
        for form in ("parquet", "jsonl", "jsonl.gz", "arrow"):
            lake = tmp_path / form
            CHECK.validate(to_document(run(lake, stripe_, format=form, dry_run=True)))
            run(lake, stripe_, format=form, since=START, until=START + 3 * DAY, settings={"rate": inf})
            stripe_.faults.add("unknown-field:every=2,times=3")
            stripe_.faults.add("unknown-enum:k=1,times=1")
            run(lake, stripe_)
            stripe_.faults.clear()
            run(lake, stripe_, full_refresh=True)
            run(lake, stripe_, accounts=list(stripe_.world.accounts[1:]))
            documents = kept(lake)
            assert [one["outcome"] for one in documents] == ["complete"] * 4
            assert any(account["drift"] for one in documents for account in one["accounts"])
            assert len({one["run_id"] for one in documents}) == 4


def test_a_failed_run_keeps_a_report_that_says_why(tmp_path):
    with sandbox(world(3_000)) as stripe_:
        stripe_.faults.add("out-of-order:endpoint=balance_transactions,k=12,times=1")
        with pytest.raises(ProtocolError):
            run(tmp_path, stripe_)
        run(tmp_path, stripe_)
    failed, complete = sorted(kept(tmp_path), key=lambda one: one["outcome"], reverse=True)
    assert (failed["outcome"], complete["outcome"]) == ("failed", "complete")
    assert "rows are not newest first" in failed["error"]
    assert failed["accounts"][0]["rows_received"] > 0
    assert complete["accounts"][0]["lake_rows"] == 3_000


def test_an_interrupted_run_keeps_a_report_of_what_it_published(tmp_path):
    with sandbox(world(4_000), latency=0.02) as stripe_:
        interrupted_at(1_000, tmp_path, stripe_)
    (document,) = kept(tmp_path)
    assert document["outcome"] == "interrupted"
    assert document["accounts"][0]["lake_rows"] == state(tmp_path).rows


def test_a_key_that_may_not_read_its_account_makes_a_lake_of_the_default_account(tmp_path):
    with sandbox(world(300), faults=["403:endpoint=account"]) as stripe_:
        run(tmp_path, stripe_)
        assert objects(tmp_path, "default") == truth(stripe_)
        run(tmp_path / "named", stripe_, account_id="acct_named")
        assert objects(tmp_path / "named", "acct_named") == truth(stripe_)
    assert kept(tmp_path)[0]["accounts"][0]["account"] == "default"


def test_a_restricted_key_without_the_scope_is_refused_and_writes_nothing(tmp_path):
    lake = tmp_path / "lake"
    scope = "rak_balance_transaction_source_read"
    with sandbox(world(300), missing_scopes=[scope]) as stripe_:
        with pytest.raises(ConnectorError, match=scope):
            run(lake, stripe_, settings={"api_key": ApiKey(stripe_.restricted_key)})
        assert not data_files(lake) if lake.exists() else True


def test_two_runs_at_once_on_a_new_lake_leave_one_whole_lake(tmp_path):
    with sandbox(world(900), latency=0.005) as stripe_:

        async def both() -> list[connector.Report]:
            found: list[connector.Report] = []

            async def one() -> None:
                found.append(await connector.sync(tmp_path, config=config_for(stripe_)))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one)
                tasks.start_soon(one)
            return found

        found = anyio.run(both)
        assert [one.outcome for one in found] == ["complete", "complete"]
        assert objects(tmp_path) == truth(stripe_)


def test_progress_ends_where_the_run_did(tmp_path):
    view = RunView()
    with sandbox() as stripe_:
        report = run(tmp_path, stripe_, on_event=view.hear)
        rows = truth(stripe_)
        assert view.account == stripe_.account
    assert view.rows == view.rows_safe == len(rows)
    assert view.files == len(data_files(tmp_path))
    assert dict(view.requests) == dict(report.requests.by_endpoint)
    assert (view.pages_left, view.windows) == (0, 0)


def test_the_key_shows_nowhere_in_the_lake(tmp_path):
    with sandbox(world(300)) as stripe_:
        run(tmp_path, stripe_)
        with pytest.raises(AuthenticationError):
            run(tmp_path, stripe_, settings={"api_key": ApiKey("sk_test_wrong")})
        key = stripe_.key.encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key in path.read_bytes()]
