"""A lake in a real store is the lake in a folder, byte for byte, whatever becomes of the network, the store or us."""

from __future__ import annotations

import random
import secrets
import signal
import time
from urllib.parse import unquote

import pytest

from connector.config.destination import placed
from tests.integrations import services
from tests.integrations.conftest import available
from tests.integrations.faulty_proxy import behind_faults
from tests.integrations.services import settings_of
from tests.support.bucket_lakes import (
    backfill_killed,
    bucket_files,
    command,
    life_of_a_lake,
    same,
    store_killed_in_the_middle,
)
from tests.support.lakes import data_files, run, sandbox, world
from tests.support.waiting import hold_answers

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")

SERVICES = ("seaweedfs", "moto", "azurite", "gcs")
KEPT = ("seaweedfs", "azurite")
"""Services that keep what they have on a disk."""

WORLD = 800


@pytest.fixture(params=SERVICES)
def service(request, started):
    return started(request.param)


def lake_in(service):
    """A new lake: its name, and the destination with its storage options."""
    name = f"{service.url}/{secrets.token_hex(4)}/lake"
    return name, placed(name, settings_of(service))


def environment(service, served):
    return {**service.environment, "STRIPE_API_BASE": served.url, "STRIPE_API_KEY": served.key}


def test_first_load_increments_late_rows_and_refreshed_statuses_are_the_bytes_of_a_folder(service, tmp_path):
    with sandbox(world(WORLD)) as stripe_:
        life_of_a_lake(lake_in(service)[1], tmp_path, stripe_)


@pytest.mark.slow
def test_answers_lost_late_or_refused_change_nothing(service, tmp_path):
    with behind_faults(service) as (behind, faults), sandbox(world(WORLD // 2)) as stripe_:
        dice = random.Random(3)
        kinds = ["cut", "error after", "refuse before", "late"]
        faults.choose = lambda _method, _path: dice.choice(kinds) if dice.random() < 0.05 else None
        name, bucket = lake_in(behind)
        life_of_a_lake(bucket, tmp_path, stripe_)
        assert min(faults.seen[kind] for kind in kinds) > 0
        faults.wait_for_the_late()
        same(placed(name, settings_of(behind)), tmp_path, stripe_)


def test_two_commands_at_once_write_one_lake_and_lose_nothing(service, tmp_path):
    with sandbox(world(WORLD, days=20), latency=0.01) as stripe_:
        name, bucket = lake_in(service)
        words = ("sync", name, "-q", "--rate", "100")
        both = [command(*words, environ=environment(service, stripe_)) for _ in range(2)]
        told = [one.communicate(timeout=300)[1] for one in both]
        assert [one.returncode for one in both] == [0, 0], told
        run(tmp_path, stripe_)
        same(bucket, tmp_path, stripe_)


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_ends_in_the_same_bytes(service, tmp_path):
    dice = random.Random(11)
    with (
        sandbox(world(3_000, days=40), latency=0.01) as stripe_,
        behind_faults(service) as (behind, faults),
    ):
        name, bucket = lake_in(behind)
        words = ("sync", name, "-q", "--rate", "15")

        def sync():
            return command(*words, environ=environment(behind, stripe_))

        # Of 40 files each run makes a few; the last two, what any run ends with.
        moments = [(dice.randint(2, 8), "") for _ in range(5)] + [(1, "/state/"), (1, "/runs/")]
        for write, about in moments:
            status = faults.killed_at_write(write, sync, carried_out=dice.random() < 0.5, about=about)
            assert status == -signal.SIGKILL
        last = sync()
        _, said = last.communicate(timeout=300)
        assert last.returncode == 0, said
        run(tmp_path, stripe_)
        same(bucket, tmp_path, stripe_)


@pytest.mark.slow
def test_sources_that_are_added_later_go_on_where_they_were_whenever_they_are_killed(service, tmp_path):
    with sandbox(world(2_500, days=30), latency=0.01) as stripe_:
        name, bucket = lake_in(service)
        run(bucket, stripe_)
        backfill_killed(name, bucket, service.environment, stripe_, after=(1, 9, 17, 25))
        run(tmp_path, stripe_, expand=["source"])
        assert bucket_files(bucket) == data_files(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KEPT)
def test_a_store_killed_in_the_middle_and_brought_back_has_everything(kind, tmp_path):
    available(kind)
    start = getattr(services, kind)
    with sandbox(world(3_000, days=60), latency=0.01) as stripe_, start(tmp_path / "kept") as first:
        name, bucket = lake_in(first)
        hold_answers(stripe_, 20, seconds=1)
        syncing = command("sync", name, "-q", "--rate", "200", environ=environment(first, stripe_))
        store_killed_in_the_middle(first, stripe_)
        with start(tmp_path / "kept") as back:
            assert back.endpoint == first.endpoint
            _, said = syncing.communicate(timeout=300)
            assert syncing.returncode == 0, said
            run(tmp_path / "local", stripe_)
            same(bucket, tmp_path / "local", stripe_)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [10, 90])
def test_seconds_of_503_are_waited_out(service, seconds, tmp_path):
    with behind_faults(service) as (behind, faults), sandbox(world(WORLD)) as stripe_:
        name, bucket = lake_in(behind)
        began = []

        def choose(method, path):
            if method == "PUT" and ".parquet" in unquote(path):
                began.append(time.monotonic())
            return "refuse before" if began and time.monotonic() < began[0] + seconds else None

        faults.choose = choose
        syncing = command("sync", name, "-q", "--rate", "0", environ=environment(behind, stripe_))
        _, said = syncing.communicate(timeout=seconds + 300)
        assert syncing.returncode == 0, said
        faults.choose = lambda _method, _path: None
        assert faults.seen["refuse before"] > 0
        run(tmp_path, stripe_)
        same(bucket, tmp_path, stripe_)
