"""Storage options have the store's names, and secrets among them never come from the command line or into a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.options.storage_words import settings_of_words
from connector.config.storage import (
    CLOUDS,
    checked_settings,
    is_secret,
    secrets_among,
    settings_in,
)
from connector.errors import ConfigError, UsageError

SECRET = "a-real-secret-0123456789"
EVERY_SECRET = [(scheme, name) for scheme, cloud in CLOUDS.items() for name in cloud.secrets]


def test_a_setting_has_one_name_however_it_is_spelled():
    assert checked_settings("s3", {"AWS_REGION": "eu", "endpoint_url": "https://s3.example.com"}) == {
        "region": "eu",
        "endpoint": "https://s3.example.com",
    }
    assert checked_settings("az", {"azure_storage_account_name": "me", "SAS_TOKEN": "s"}) == {
        "account_name": "me",
        "sas_key": "s",
    }
    assert checked_settings("gs", {"endpoint": "https://x.example.com", "skip_signature": True}) == {
        "base_url": "https://x.example.com",
        "skip_signature": "true",
    }


@pytest.mark.parametrize(
    ("scheme", "given_settings", "told"),
    [
        ("s3", {"regoin": SECRET}, "did you mean region?"),
        ("s3", {"aws_secret_acess_key": SECRET}, "did you mean secret_access_key?"),
        ("gs", {"region": SECRET}, "there is no storage option 'region' for gs://"),
        ("s3", {"region": "a", "AWS_REGION": SECRET}, "twice"),
        ("s3", {"region": None}, "must be text"),
        ("s3", {"region": " "}, "not empty"),
        ("s3", {"endpoint": f"https://user:{SECRET}@s3.example.com"}, "password or a token"),
        ("az", {"endpoint": f"https://me.blob.core.windows.net/?sig={SECRET}"}, "password or a token"),
        ("memory", {"region": SECRET}, "memory:// has none"),
    ],
)
def test_what_is_no_setting_is_refused_by_its_name_and_no_value_is_quoted(scheme, given_settings, told):
    with pytest.raises(ConfigError) as raised:
        checked_settings(scheme, given_settings)
    assert told in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(("scheme", "name"), EVERY_SECRET)
def test_no_secret_is_taken_from_the_command_line_and_the_way_round_is_named(scheme, name):
    for spelled in (name, name.upper(), *(f"{prefix}{name}" for prefix in CLOUDS[scheme].prefixes)):
        assert is_secret(spelled)
        with pytest.raises(UsageError) as raised:
            settings_of_words([f"{spelled}={SECRET}"])
        assert "--storage-options-file" in str(raised.value)
        assert SECRET not in str(raised.value)
    assert secrets_among({name: SECRET}, {}) == {SECRET}
    assert secrets_among({}, {CLOUDS[scheme].secrets[name]: SECRET}) == {SECRET}


@pytest.mark.parametrize("word", ["region", "=x", f"{SECRET}", f"a b={SECRET}"])
def test_a_word_that_is_no_setting_is_refused_without_being_quoted(word):
    with pytest.raises(UsageError, match="is NAME=VALUE") as raised:
        settings_of_words([word])
    assert SECRET not in str(raised.value)


@given(st.dictionaries(st.sampled_from(sorted(CLOUDS["s3"].plain)), st.text("abc/:.=", min_size=1, max_size=9)))
def test_plain_settings_come_through_the_command_line_as_they_are(settings):
    assert settings_of_words([f"{name}={value}" for name, value in settings.items()]) == settings


def test_a_file_of_settings_has_one_on_each_line_and_may_hold_secrets(tmp_path):
    file = tmp_path / "store.env"
    file.write_text(f"# for the lake\n\nexport AWS_REGION=eu-central-1\nsecret_access_key = '{SECRET}'\n")
    file.chmod(0o600)
    told = []
    assert settings_in(file, told.append) == {"AWS_REGION": "eu-central-1", "secret_access_key": SECRET}
    assert not told
    file.chmod(0o644)
    settings_in(file, told.append)
    assert "chmod 600" in told[0]
    assert SECRET not in told[0]


def test_a_file_without_settings_is_refused_by_its_line_which_is_not_quoted(tmp_path):
    file = tmp_path / "store.env"
    file.write_text(f"region=eu\n{SECRET}\n")
    with pytest.raises(ConfigError, match="line 2") as raised:
        settings_in(file)
    assert SECRET not in str(raised.value)
    with pytest.raises(ConfigError, match="cannot read storage options"):
        settings_in(tmp_path / "none")
