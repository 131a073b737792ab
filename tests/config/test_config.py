"""Settings: every refusal says what to do, and the key shows nowhere."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import pickle
import stat
from dataclasses import asdict

import pytest

import connector
from connector.config.config import DEFAULT_API_BASE, ApiKey, Config
from connector.config.secret_files import exposed
from connector.errors import ConfigError, UsageError
from tests.support.fakes import KEY


def config(**settings):
    return Config(**({"api_key": ApiKey(KEY)} | settings))


@pytest.mark.parametrize(
    "secret", ["", "  ", "pk_test_51abc", "sk_test_a b", "sk_test_é", "sk_test_a\nb", "sk_test_a\x00", "sk_a:b", "a,b"]
)
def test_what_cannot_be_a_key_is_refused_without_quoting_it(secret):
    with pytest.raises(ConfigError) as caught:
        ApiKey(secret)
    assert not secret.strip() or secret not in str(caught.value)


def test_a_key_shows_its_ends_at_most():
    key = ApiKey(f" {KEY}\n")
    assert key.reveal() == KEY
    for shown in (repr(key), str(key), f"{key}", f"{key!r:>80}", repr(config(api_key=key)), repr([key])):
        assert KEY not in shown
        assert KEY[8:-4] not in shown
    assert repr(ApiKey("sk_test_short")) == "(key)"


def test_a_key_is_neither_pickled_nor_turned_into_json():
    for how in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            how(ApiKey(KEY))
    with pytest.raises(TypeError):
        pickle.dumps(config())
    with pytest.raises(TypeError):
        copy.deepcopy(ApiKey(KEY))


@pytest.mark.parametrize(
    ("secret", "live"),
    [("sk_live_abc", True), ("rk_live_abc", True), ("sk_test_abc", False), ("sk_test_abc_live_x", False)],
)
def test_the_mode_is_read_from_the_keys_beginning(secret, live):
    assert ApiKey(secret).live is live
    assert config(api_key=ApiKey(secret), rate=1.0).account_rate == (100.0 if live else 25.0)
    assert config(api_key=ApiKey(secret), rate=1.0, sharers=5).account_rate == (20.0 if live else 5.0)


@pytest.mark.parametrize(
    "base",
    [
        "http://api.stripe.com",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://localhost",
        "api.stripe.com",
        "",
        "https://",
        "https://user:pass@host",
        "https://host/?a=1",
        "https://host/#x",
        "file:///etc/passwd",
        "http://127.0.0.1@evil.example",
        "https://host:99999",
        "http://[::1",
        "https://host/\nX-Header: 1",
        "https://ho st",
    ],
)
def test_a_base_that_would_leak_the_key_or_is_none_is_refused(base):
    with pytest.raises(ConfigError, match="`api_base`"):
        config(api_base=base)


@pytest.mark.parametrize("host", ["a..b", ".a", "a.b..", ".", f"{'x' * 64}.com", f"{'x' * 64}"])
def test_a_base_whose_host_nobody_can_look_up_is_refused(host):
    with pytest.raises(ConfigError, match="between dots") as caught:
        config(api_base=f"https://{host}")
    assert caught.value.exit_code == 78


@pytest.mark.parametrize(
    "base", ["https://api.stripe.com/v1", "https://proxy.example/stripe/v1/", "http://[::1]:99/v1"]
)
def test_a_base_with_the_version_of_the_api_is_refused_with_what_to_leave_out(base):
    with pytest.raises(ConfigError, match="leave /v1 out"):
        config(api_base=base)


@pytest.mark.parametrize(
    ("base", "kept"),
    [
        (DEFAULT_API_BASE, DEFAULT_API_BASE),
        ("https://proxy.example/stripe/", "https://proxy.example/stripe"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://127.8.8.8", "http://127.8.8.8"),
        (f"https://{'x' * 63}.example.", f"https://{'x' * 63}.example."),
        ("http://[::1]:99", "http://[::1]:99"),
        ("http://localhost:12111", "http://localhost:12111"),
    ],
)
def test_https_or_this_machine_is_accepted(base, kept):
    assert config(api_base=base).api_base == kept


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({"api_version": "latest"}, "`api_version`"),
        ({"api_version": "2026-10-28.endive\n"}, "`api_version`"),
        ({"api_version": ""}, "`api_version`"),
        ({"account": "1234"}, "`account`"),
        ({"account": ""}, "`account`"),
        ({"account": "acct_1\r\nX: y"}, "`account`"),
        ({"account": "acct_1\n"}, "`account`"),
        ({"context": "a\nb"}, "`context`"),
        ({"context": "é"}, "`context`"),
        ({"rate": 0}, "`rate`"),
        ({"rate": -1.0}, "`rate`"),
        ({"rate": float("nan")}, "`rate`"),
        ({"max_in_flight": 0}, "`max_in_flight`"),
        ({"sharers": 0}, "`sharers`"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_options_name(settings, option):
    with pytest.raises(ConfigError, match=option):
        config(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"api_key": KEY}, r"`api_key` of str must be a connector.ApiKey"),
        ({"api_key": None}, "`api_key` of NoneType"),
        ({"api_base": 5}, "`api_base` of int must be a text"),
        ({"api_version": 20261028}, "`api_version` of int"),
        ({"account": 5}, "`account` of int must be a text or None"),
        ({"context": 5}, "`context` of int"),
        ({"proxy": 5}, "`proxy` of int"),
        ({"hint": None}, "`hint` of NoneType"),
        ({"rate_per_account": "no"}, "`rate_per_account` of str must be True or False"),
        ({"shares_rate": 1}, "`shares_rate` of int"),
        ({"timeouts": 10}, "`timeouts` of int must be a connector.Timeouts"),
        ({"retry": 3}, "`retry` of int must be a connector.RetryPolicy"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_name_and_not_quoted(settings, said):
    with pytest.raises(ConfigError, match=said) as refused:
        config(**settings)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("given", [KEY, ApiKey(KEY), {"api_key": KEY}])
@pytest.mark.parametrize(
    "call", [connector.sync, connector.sync_payouts, connector.record_balance, connector.verify, connector.plan]
)
def test_what_is_no_config_is_refused_by_every_call_and_not_quoted(tmp_path, call, given):
    with pytest.raises(UsageError, match=f"`config` of {type(given).__name__} must be a connector.Config") as refused:
        asyncio.run(call(tmp_path / "lake", config=given))
    assert KEY not in str(refused.value)
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("version", ["2022-11-15", "2026-10-28.endive", "2026-10-28.preview"])
def test_versions_of_both_forms_are_accepted(version):
    assert config(api_version=version).api_version == version


def test_the_key_comes_from_a_file_then_the_environment_then_the_stripe_cli(tmp_path):
    profile = tmp_path / "stripe"
    profile.mkdir()
    (profile / "config.toml").write_text("[default]\ntest_mode_api_key = 'sk_test_profile'\n")
    (tmp_path / "key").write_text("sk_test_file\nanything else\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}

    def key(environ, **given):
        return Config.from_env(environ, **given).api_key.reveal()

    assert key(environ) == "sk_test_profile"
    assert key(environ | {"STRIPE_API_KEY": "sk_test_env"}) == "sk_test_env"
    assert key(environ | {"STRIPE_API_KEY": "sk_test_env"}, api_key_file=tmp_path / "key") == "sk_test_file"


@pytest.mark.parametrize(
    "profile", [None, "", "not toml [", "[default]\n", "[default]\ntest_mode_api_key = 5", "default = 1"]
)
def test_no_key_at_all_says_where_to_put_one(tmp_path, profile):
    if profile is not None:
        (tmp_path / "stripe").mkdir()
        (tmp_path / "stripe" / "config.toml").write_text(profile)
    with pytest.raises(ConfigError, match="STRIPE_API_KEY"):
        Config.from_env({"XDG_CONFIG_HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match="STRIPE_API_KEY"):
        Config.from_env({})


@pytest.mark.parametrize("content", [b"", b"\n", b"pk_test_1", b"\xff\xfe"])
def test_a_key_file_without_a_key_is_refused(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError):
        Config.from_env({}, api_key_file=tmp_path / "key")
    with pytest.raises(ConfigError, match="cannot read"):
        Config.from_env({}, api_key_file=tmp_path / "none")


def test_settings_given_go_before_the_environment():
    environ = {"STRIPE_API_KEY": KEY, "STRIPE_API_BASE": "http://127.0.0.1:1"}
    assert Config.from_env(environ, api_base="http://127.0.0.1:2", rate=3.0).api_base == "http://127.0.0.1:2"
    assert asdict(Config.from_env(environ).retry)["attempts"] > 1


@pytest.mark.parametrize(
    "written",
    [
        "\ufeff{}",
        '"{}"',
        "'{}'",
        "STRIPE_API_KEY={}",
        'export STRIPE_SECRET_KEY="{}"',
        "\ufeff STRIPE_API_KEY = '{}' ",
        '"STRIPE_API_KEY={}"',
    ],
)
def test_what_a_key_picked_up_on_the_way_is_taken_off(tmp_path, written):
    text = written.format(KEY)
    (tmp_path / "key").write_text(f"\n# of the ledger\n{text}\nrest\n", "utf-8")
    (tmp_path / "key").chmod(0o600)
    assert ApiKey(text).reveal() == KEY
    assert Config.from_env({"STRIPE_API_KEY": text}).api_key.reveal() == KEY
    assert Config.from_env({}, api_key_file=tmp_path / "key").api_key.reveal() == KEY


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_key_file_of_an_editor_that_marks_its_encoding_is_read(tmp_path, encoding):
    (tmp_path / "key").write_text(f"{KEY}\n", encoding)
    (tmp_path / "key").chmod(0o600)
    assert Config.from_env({}, api_key_file=tmp_path / "key").api_key.reveal() == KEY


@pytest.mark.parametrize(
    ("written", "said"),
    [("DEBUG=1", "sets DEBUG"), (f'"{KEY}', "quote"), (f"{KEY}'", "quote"), (f"''{KEY}''", "quote")],
)
def test_what_cannot_be_taken_off_is_named_and_not_sent(tmp_path, written, said):
    (tmp_path / "key").write_text(written)
    for make in (lambda: ApiKey(written), lambda: Config.from_env({}, api_key_file=tmp_path / "key")):
        with pytest.raises(ConfigError, match=said) as caught:
            make()
        assert KEY not in str(caught.value)
    assert str(tmp_path / "key") in str(caught.value)


def test_a_token_of_a_gateway_keeps_its_padding():
    assert ApiKey("dG9rZW4=").reveal() == "dG9rZW4="
    assert ApiKey("dG9rZQ==").reveal() == "dG9rZQ=="


@pytest.mark.parametrize("nothing", ["", "  ", "\n"])
def test_a_variable_that_is_set_to_nothing_is_an_error_and_no_other_key_is_taken(tmp_path, nothing):
    environ = {"STRIPE_API_KEY": nothing, "XDG_CONFIG_HOME": str(logged_in(tmp_path))}
    with pytest.raises(ConfigError, match="STRIPE_API_KEY is set to nothing") as caught:
        Config.from_env(environ)
    assert caught.value.exit_code == 78
    (tmp_path / "key").write_text(KEY)
    assert Config.from_env(environ, api_key_file=tmp_path / "key").api_key.reveal() == KEY


def logged_in(home, key="sk_test_51profileprofileprofile7777"):
    """Make a home in which the Stripe CLI keeps a key."""
    (home / "stripe").mkdir()
    (home / "stripe" / "config.toml").write_text(f"[default]\ntest_mode_api_key = '{key}'\n")
    return home


def test_a_key_that_nobody_named_is_told_with_where_it_is_from(tmp_path, caplog):
    environ = {"XDG_CONFIG_HOME": str(logged_in(tmp_path)), "STRIPE_SECRET_KEY": "sk_live_51notread"}
    told = []
    Config.from_env(environ, tell=told.append)
    (line,) = told
    assert "sk_test_…7777" in line
    assert str(tmp_path / "stripe" / "config.toml") in line
    assert "STRIPE_SECRET_KEY is set, and not read here: the name is STRIPE_API_KEY" in line
    assert "notread" not in line
    Config.from_env(environ)
    assert [record.message for record in caplog.records] == told
    Config.from_env(environ | {"STRIPE_API_KEY": KEY}, tell=told.append)
    assert len(told) == 1


def test_a_key_under_another_name_gets_a_hint():
    with pytest.raises(ConfigError, match="STRIPE_SECRET_KEY is set, and not read here") as caught:
        Config.from_env({"STRIPE_SECRET_KEY": KEY})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("mode", "warned"), [(0o644, True), (0o640, True), (0o604, True), (0o600, False)])
def test_a_key_file_that_others_can_read_is_told(tmp_path, mode, warned):
    path, told = tmp_path / "key", []
    path.write_text(KEY)
    path.chmod(mode)
    Config.from_env({}, api_key_file=path, tell=told.append)
    assert bool(told) == warned
    assert all(f"chmod 600 {path}" in line and f"{mode:04o}" in line for line in told)


@pytest.mark.parametrize(
    ("mode", "reader", "told"),
    [
        (0o440, 10001, None),  # as Kubernetes mounts a secret: root's, and the group's of the pod
        (0o640, 10001, None),
        (0o644, 10001, "chmod o-r"),  # not one's own to change: 600 would lock its reader out
        (0o640, 0, "chmod 600"),
        (0o640, 77, "chmod 600"),
        (0o400, 77, None),
    ],
)
def test_who_reads_another_s_file_through_a_group_alone_is_not_told_to_close_it(tmp_path, mode, reader, told):
    path = tmp_path / "key"
    found = os.stat_result((stat.S_IFREG | mode, 1, 1, 1, 77, 88, 9, 0, 0, 0))
    said = exposed(path, found, reader)
    assert said is None if told is None else f"{mode:04o}): {told} {path}" in said
