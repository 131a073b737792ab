"""A report says the same of a lake of tables and of one in a bucket as of the same lake in a folder of files."""

from __future__ import annotations

import anyio
import pytest

import connector
from connector.payouts.calls import sync_payouts
from tests.support.extras import present
from tests.support.lakes import DAY, config_for, run, sandbox
from tests.support.statements import world

KINDS = [
    pytest.param("delta", marks=present("deltalake")),
    pytest.param("iceberg", marks=present("pyiceberg")),
    pytest.param("bucket", marks=present("obstore")),
]
SAME = ("rows", "net", "pending", "calendar", "files_say", "complete_up_to", "problems")


def bring(lake, served, **options):
    run(lake, served, **options)
    anyio.run(lambda: sync_payouts(lake, config=config_for(served)))


def told(lake):
    (account,) = connector.run_report(lake)["accounts"]
    texts = {name: account[name] for name in SAME}
    texts["problems"] = [one["text"] for one in account["problems"]]
    texts["payouts"] = [one["payout"] for one in account["payouts"]["payouts"]]
    return texts, account["damaged"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_the_same_whatever_the_lake_is_made_of_after_files_were_replaced(tmp_path, kind):
    plain = tmp_path / "plain"
    lake = f"memory://{tmp_path.name}/lake" if kind == "bucket" else tmp_path / "lake"
    form = {} if kind == "bucket" else {"format": kind}
    ends = world(150, days=14, connected=0, now=world().end)
    with sandbox(ends) as served:
        for place, options in ((plain, {}), (lake, form)):
            bring(place, served, **options)
        served.add_rows(count=3, created=served.world.end - 3 * DAY)
        served.advance(9 * DAY)  # payouts arrive, rows become available: files of both tables are replaced
        for place in (plain, lake):
            bring(place, served, full_refresh=True)
    expected, found = told(plain), told(lake)
    assert found == expected
    assert found[1] == []
    assert "in no record" not in " ".join(found[0]["problems"])
