"""What the driver knows: whom to ask with which key, and how much of the rate each of several has."""

from __future__ import annotations

import pytest

from connector.config.api_key import ApiKey
from connector.config.config import Config
from connector.errors import UsageError
from connector.spark.driver import changed, place_of, shared

KEY = ApiKey("sk_test_" + "q" * 40)


@pytest.mark.parametrize("sharers", [1, 2, 7, 64])
def test_all_that_ask_at_once_keep_to_one_rate_and_to_what_stripe_allows_the_account(sharers):
    whole = Config(api_key=KEY, rate=20.0, max_in_flight=40)
    part = shared(whole, sharers)
    assert part.rate * sharers == pytest.approx(20.0)
    assert part.account_rate * sharers == pytest.approx(25.0)
    assert 1 <= part.max_in_flight <= max(1, 40 / sharers + 1)
    assert not part.goes_shares


def test_of_a_source_that_was_registered_only_the_rate_and_the_patience_change():
    whole = Config(api_key=KEY, api_base="http://127.0.0.1:1", rate=20.0)
    found = changed(whole, {"rate": 3.0, "retries": 4, "api_base": None})
    assert (found.rate, found.retry.attempts, found.api_base) == (3.0, 5, whole.api_base)
    assert changed(whole, {}) == whole
    with pytest.raises(UsageError, match="`api_base` was settled when the source was registered"):
        changed(whole, {"api_base": "https://example.com"})


def test_a_folder_is_named_so_that_every_worker_finds_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place_of("lake") == str(tmp_path / "lake")
    assert place_of("s3://lake/stripe") == "s3://lake/stripe"
