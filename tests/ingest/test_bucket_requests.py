"""What a lake in a bucket asks of its store is counted: no file is asked for to see whether it is as it was."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

import connector
from connector.config.destination import placed
from connector.core.units import DAY
from tests.support.bucket_server import bucket_server
from tests.support.lakes import run, sandbox, world

pytest.importorskip("obstore", reason="an extra")

from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore
from connector.lake.stores.patience import Patience

DAYS = 15


def plainly(request: str) -> str:
    """A request without what differs from run to run, and from account to account."""
    text = re.sub(r"acct_\w+", "ACCOUNT", request.replace(" x/", " "))
    text = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]+", "RUN", text)
    return re.sub(r"\d{14}", "N", re.sub(r"(absence|version)-[0-9a-f]+", r"\1", text)).replace("_stripe_balance/", "")


@pytest.fixture(scope="module")
def counted():
    """Requests to the store of each thing that is done with a lake, in their order; FILE is a GET of a data file."""
    found: dict[str, list[str]] = {}
    puts: dict[str, int] = {}
    with sandbox(world(450, days=DAYS)) as stripe_, bucket_server() as served:

        def count(name, act):
            lake = placed("s3://lake/x", served.s3())
            still = Patience(now=lambda: 0.0)  # a slow machine looks no more often than a fast one
            lake.once(lambda: ObjectStore(open_bucket("s3://lake/x", served.s3(), environ={}, patience=still)))
            served.order.clear()
            act(lake)
            served.ahead += timedelta(minutes=1)  # runs that end within two seconds may have overlapped
            files = ("FILE" if one.startswith("GET") and "/part-0" in one else plainly(one) for one in served.order)
            found[name] = [one for one in files if not one.startswith("PUT balance_transactions")]
            puts[name] = len(served.order) - len(found[name])

        stripe_.advance(20 * DAY)  # nothing is pending, or due
        count("first", lambda lake: run(lake, stripe_))
        count("second", lambda lake: run(lake, stripe_))
        count("third", lambda lake: run(lake, stripe_))
        count("status", connector.run_status)
        count("read", lambda lake: connector.read(lake).to_table())
        for _ in range(16):
            run(placed("s3://lake/x", served.s3()), stripe_)
            served.ahead += timedelta(minutes=1)
        count("twentieth", lambda lake: run(lake, stripe_))
    assert puts == {name: DAYS if name == "first" else 0 for name in found}
    return found


RECORD = "state/balance_transactions/ACCOUNT/N.json"


def besides_files(requests: list[str]) -> list[str]:
    return [one for one in requests if one != "FILE"]


@pytest.mark.slow
def test_a_first_load_puts_each_file_once_and_asks_little_besides(counted):
    assert counted["first"] == [
        "LIST ",
        "HEAD nothing-of-this-name",  # whether it is a store that shows nothing, or a page
        "LIST ",  # whether another lake lies in the folders of this one, which its first run alone asks
        "PUT leases/RUN.json",
        "LIST leases/",
        "PUT conditions.json",  # whether a condition is heeded: the first may create it, the second has to be refused
        "PUT conditions.json",
        "PUT conditions/absence.json",
        "PUT lake.json",
        f"PUT {RECORD}",
        "PUT intents/balance_transactions/ACCOUNT/RUN.json",
        f"PUT {RECORD}",
        "DELETE intents/balance_transactions/ACCOUNT/RUN.json",
        "LIST balance_transactions/account=ACCOUNT/",
        "PUT runs/RUN.json",
        "DELETE leases/RUN.json",
    ]


def test_the_first_audit_of_the_past_reads_each_file_once_and_days_that_two_windows_share_twice(counted):
    assert counted["second"].count("FILE") <= DAYS + 12
    assert besides_files(counted["second"]) == NOTHING_NEW


NOTHING_NEW = [
    "LIST ",  # the lake's own folder
    f"GET {RECORD}",  # the newest, which holds everything where that is little
    f"GET {RECORD}",  # the next one, which a listing may not show yet
    "GET runs/RUN.json",  # up to where a run left the state, and what it had in hand for audits
    "PUT leases/RUN.json",
    "LIST leases/",  # when ours is there
    "LIST balance_transactions/account=ACCOUNT/",
    f"PUT {RECORD}",  # what was audited
    "PUT runs/RUN.json",
    "DELETE leases/RUN.json",
]


@pytest.mark.parametrize("run_of", ["third", "twentieth"])
def test_a_run_with_nothing_new_asks_ten_times_at_most_however_many_files_and_runs_there_were(counted, run_of):
    unchanged = [one for one in NOTHING_NEW if one != f"PUT {RECORD}"]  # where the audit, which is drawn, asked nothing
    assert besides_files(counted[run_of]) in (NOTHING_NEW, unchanged)
    assert counted[run_of].count("FILE") <= 10  # of days that the audit asks about, which is drawn


def test_status_asks_for_no_file(counted):
    assert len(counted["status"]) <= 24
    assert not [one for one in counted["status"] if one.startswith(("PUT", "FILE"))]


def test_reading_asks_for_each_file_once(counted):
    read = counted["read"]
    assert read.count("FILE") == DAYS
    assert len([one for one in read if one.startswith("LIST")]) <= 1
    assert read.count("GET runs/RUN.json") == 2  # once when it is asked for, once when it is read
    assert len(read) <= DAYS + 7
