"""What deltalake is told of a bucket: what ours was told, under its own names, and nothing is left out unsaid."""

from __future__ import annotations

import pytest

from connector.errors import ConfigError

pytest.importorskip("obstore", reason="an extra")

from connector.lake.catalogs.delta_store import options_for, secrets_of
from connector.lake.stores.bucket_opening import open_bucket

KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "not-a-real-secret-0001"}


def opened(url, options=None, environ=None, answers=lambda *_: False):
    return open_bucket(url, options or {}, environ=environ or {}, answers=answers)


def test_settings_and_credentials_go_on_under_its_own_names():
    told = options_for(opened("s3://lake/x", {**KEYS, "region": "eu-central-1", "endpoint": "https://s3.example.com"}))
    assert told["AWS_ACCESS_KEY_ID"] == "AKIDEXAMPLE"
    assert told["AWS_REGION"] == "eu-central-1"
    assert told["AWS_ENDPOINT_URL"] == "https://s3.example.com"
    assert told["AWS_CONDITIONAL_PUT"] == "etag"
    assert told["AWS_ALLOW_HTTP"] == "false"
    assert secrets_of(told) == {"AKIDEXAMPLE", "not-a-real-secret-0001"}


def test_what_is_in_the_environment_counts_and_settings_go_before():
    around = {
        "AWS_ACCESS_KEY_ID": "AKIDOTHER", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_LAMBDA": "x",
    }  # fmt: skip
    told = options_for(opened("s3://lake/x", KEYS, around))
    assert (told["AWS_ACCESS_KEY_ID"], told["AWS_REGION"]) == ("AKIDEXAMPLE", "us-east-1")
    assert "AWS_LAMBDA" not in told


def test_plain_http_is_allowed_to_this_machine_alone():
    told = options_for(opened("s3://lake/x", {**KEYS, "endpoint": "http://127.0.0.1:1"}))
    assert told["AWS_ALLOW_HTTP"] == "true"


def test_azure_is_told_by_the_bare_names():
    told = options_for(opened("az://lake/x", {"account_name": "a"}, {"AZURE_STORAGE_ACCOUNT_KEY": "Ym9v"}))
    assert (told["account_name"], told["account_key"], told["allow_http"]) == ("a", "Ym9v", "false")


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("gs://lake/x", {"bearer_token": "secret-token"}, "bearer_token.*service account"),
        ("memory://lake/x", {}, "in memory"),
    ],
)
def test_what_it_cannot_be_told_is_refused(url, options, said):
    with pytest.raises(ConfigError, match=said) as caught:
        options_for(opened(url, options))
    assert "secret-token" not in str(caught.value)


def test_a_bucket_shows_nothing_of_what_lets_in():
    assert "not-a-real-secret-0001" not in repr(opened("s3://lake/x", KEYS))
