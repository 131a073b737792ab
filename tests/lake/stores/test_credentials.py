"""Where a bucket's credentials come from is known before the first request, and what is missing is said at once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from connector.errors import ConfigError
from connector.lake.stores.credentials import METADATA, METADATA_SECONDS, SET, Surroundings, provider_of

SECRET = "a-real-secret-0123456789"


def not_there(name):
    raise ModuleNotFoundError(name)


def around(environ=None, *, answers=False, boto3=None):
    """Surroundings; what is asked of the metadata address is in the list."""
    asked = []

    def reach(address, seconds):
        asked.append((address, seconds))
        return answers

    return Surroundings(environ or {}, reach, (lambda _name: boto3) if boto3 else not_there), asked


def boto3_with(profiles):
    """A boto3 whose profiles are in these regions: None has no credentials, an error is raised."""

    def session(profile_name=None):
        found = profiles[profile_name]
        if isinstance(found, Exception):
            raise found
        frozen = SimpleNamespace(access_key="AKID", secret_key=SECRET, token=None)
        credentials = None if found is None else SimpleNamespace(get_frozen_credentials=lambda: frozen)
        return SimpleNamespace(get_credentials=lambda: credentials, region_name=found)

    return SimpleNamespace(Session=session)


@pytest.mark.parametrize(
    ("scheme", "settings", "environ"),
    [
        ("s3", {"access_key_id": "a", "secret_access_key": "b"}, {}),
        ("s3", {}, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_PROFILE": "x"}),
        ("s3", {}, {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}),
        ("s3", {"skip_signature": "true"}, {}),
        ("gs", {}, {"GOOGLE_APPLICATION_CREDENTIALS": "/f"}),
        ("az", {"account_key": "k"}, {}),
        ("az", {}, {"AZURE_STORAGE_SAS_TOKEN": "s"}),
        ("memory", {}, {}),
    ],
)
def test_what_is_told_is_used_and_nobody_is_asked(scheme, settings, environ):
    process, asked = around(environ)
    assert provider_of(scheme, settings, process) is None
    assert not asked


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_without_any_credentials_one_line_says_what_to_set_after_one_short_look(scheme, tmp_path):
    process, asked = around({"HOME": str(tmp_path)})
    with pytest.raises(ConfigError) as raised:
        provider_of(scheme, {"skip_signature": "false"}, process)
    assert str(raised.value) == f"no credentials for {scheme}://: {SET[scheme]}"
    assert asked == [(METADATA, METADATA_SECONDS)]
    assert METADATA_SECONDS <= 1


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_on_a_machine_in_a_cloud_its_own_identity_is_used(scheme):
    process, asked = around(answers=True)
    assert provider_of(scheme, {}, process) is None
    assert len(asked) == 1


def test_one_half_of_a_pair_of_keys_is_named():
    process, _ = around({"AWS_ACCESS_KEY_ID": "a"})
    with pytest.raises(ConfigError, match="AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"):
        provider_of("s3", {}, process)


def test_a_connection_string_that_is_not_read_is_named():
    process, _ = around({"AZURE_STORAGE_CONNECTION_STRING": f"AccountKey={SECRET}"})
    with pytest.raises(ConfigError, match="AZURE_STORAGE_CONNECTION_STRING is set, and not read") as raised:
        provider_of("az", {}, process)
    assert SECRET not in str(raised.value)


def test_gcloud_s_own_login_counts(tmp_path):
    login = tmp_path / ".config/gcloud/application_default_credentials.json"
    login.parent.mkdir(parents=True)
    login.write_text("{}")
    process, asked = around({"HOME": str(tmp_path)})
    assert provider_of("gs", {}, process) is None
    assert not asked


@pytest.mark.parametrize("named", [{"settings": {"profile": "work"}}, {"environ": {"AWS_PROFILE": "work"}}])
def test_a_profile_is_read_by_boto3_with_its_region(named):
    process, asked = around(named.get("environ"), boto3=boto3_with({"work": "eu-west-3"}))
    provider = provider_of("s3", named.get("settings", {}), process)
    found = provider()
    assert (found["access_key_id"], found["secret_access_key"]) == ("AKID", SECRET)
    assert provider.config == {"region": "eu-west-3"}
    assert SECRET not in repr(provider)
    assert not asked


def test_a_profile_named_as_an_option_goes_before_keys_of_the_environment():
    process, _ = around(
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, boto3=boto3_with({"work": "eu-west-3"})
    )
    assert provider_of("s3", {"profile": "work"}, process) is not None


@pytest.mark.parametrize(
    ("boto3", "told"),
    [
        (None, "pip install boto3"),
        (boto3_with({"work": None}), "has no credentials in it"),
        (boto3_with({"work": ValueError("The SSO session has expired")}), "The SSO session has expired"),
    ],
)
def test_a_profile_that_cannot_be_used_is_named_with_what_to_do(boto3, told):
    process, asked = around({"AWS_PROFILE": "work"}, boto3=boto3)
    with pytest.raises(ConfigError, match=told) as raised:
        provider_of("s3", {}, process)
    assert "'work'" in str(raised.value)
    assert not asked


def test_without_a_profile_boto3_is_asked_for_what_it_finds_by_itself():
    process, asked = around(boto3=boto3_with({None: "eu-west-3"}))
    assert provider_of("s3", {}, process) is not None
    assert not asked
