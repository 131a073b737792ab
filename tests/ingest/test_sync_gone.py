"""Rows that Stripe lists no more: kept, and each counted once, however often a run asks about its second."""

from __future__ import annotations

import random
from math import inf

import anyio
import pytest

from connector.config.config import ApiKey, Config
from connector.core.units import DAY
from connector.ingest.calls import sync_with
from connector.ingest.options import options_of
from connector.lake.stores.local import LocalStore
from connector.services import Services
from tests.support.lakes import data_files
from tests.support.model import START, Model

SECOND = START + 5 * DAY + 3_600


def made_of(seed):
    """An account of ten days, with three rows of one second, and one row alone in its day."""
    model = Model(random.Random(seed))
    for day in (0, 2, 4, 5, 7):
        model.add(START + day * DAY + 600, wait=0)
    for _ in range(3):
        model.add(SECOND, wait=0)
    return model


@pytest.fixture
def account():
    return made_of(0)


def sync(lake, account, **options):
    config = Config(ApiKey("sk_test_model"), api_base="http://127.0.0.1:1", rate=inf)
    services = Services(LocalStore(lake), account)
    report = anyio.run(
        lambda: sync_with(services, config, options_of({"since": None, "until": None} | options), wait=0.0)
    )
    return report.accounts[0]


def gone(account, second):
    """Let Stripe list one row of a second no more."""
    account.gone.add(next(one.id for one in account.entries if one.created == second))


def test_a_row_that_is_gone_is_counted_once_though_the_audit_reads_its_second_again(tmp_path):
    made = []
    for seed in range(5):
        account, lake = made_of(seed), tmp_path / str(seed)
        sync(lake, account)
        before = data_files(lake)
        gone(account, SECOND)
        found = sync(lake, account, full_refresh=True, audit=100)
        made.append(found.audit.gone)
        assert found.rows_disappeared == 1
        assert found.rows_lost == 0
        assert data_files(lake) == before
    assert sum(made) > 0, "no audit met the row: the test holds nothing"


def test_a_row_that_is_gone_is_counted_where_nothing_of_its_time_is_listed_any_more(tmp_path, account):
    sync(tmp_path, account)
    before = data_files(tmp_path)
    gone(account, START + 2 * DAY + 600)
    found = sync(tmp_path, account, full_refresh=True, audit=0)
    assert (found.rows_disappeared, found.rows_new, found.files_written) == (1, 0, 0)
    assert data_files(tmp_path) == before


def test_a_run_that_only_goes_on_looks_at_no_old_file(tmp_path, account):
    sync(tmp_path, account)
    account.now += DAY
    gone(account, START + 2 * DAY + 600)
    found = sync(tmp_path, account, audit=0)
    assert (found.rows_disappeared, found.files_unchanged, found.files_written) == (0, 0, 0)
