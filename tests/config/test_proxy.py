"""Proxies: which one is used, for whom none is, and what of one shows nowhere."""

from __future__ import annotations

import pytest

from connector.config.config import ApiKey, Config
from connector.errors import ConfigError
from tests.support.fakes import KEY


def config(**settings):
    return Config(**({"api_key": ApiKey(KEY)} | settings))


@pytest.mark.parametrize(
    ("base", "environ", "proxy"),
    [
        ("https://api.stripe.com", {}, None),
        ("https://api.stripe.com", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://api.stripe.com", {"https_proxy": "http://p:1"}, "http://p:1"),
        ("https://api.stripe.com", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x, .stripe.com"}, None),
        ("https://api.stripe.com", {"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, None),
        ("https://api.stripe.com", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example,"}, "http://p:1"),
        ("http://127.0.0.1:1", {"HTTPS_PROXY": "http://p:1"}, None),
    ],
)
def test_a_proxy_is_taken_from_the_environment_but_never_for_this_machine(base, environ, proxy):
    found = Config.from_env(environ | {"STRIPE_API_KEY": KEY, "STRIPE_API_BASE": base})
    assert (found.api_base, found.proxy) == (base, proxy)


@pytest.mark.parametrize(
    ("no_proxy", "without"),
    [
        ("e.com", False),
        ("stripe.com", True),
        (".stripe.com", True),
        ("api.stripe.com", True),
        (".api.stripe.com", True),
        ("pi.stripe.com", False),
        ("x.api.stripe.com", False),
        ("API.Stripe.COM", True),
        (" other.example ,  stripe.com ", True),
        ("other.example stripe.com", True),
        ("stripe.com:443", True),
        ("api.stripe.com:444", False),
        (".,:443, ,:", False),
        ("*", True),
    ],
)
def test_no_proxy_names_hosts_and_domains_not_ends_of_names(no_proxy, without):
    environ = {"STRIPE_API_KEY": KEY, "HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy}
    for base in ("https://api.stripe.com", "https://API.stripe.com/"):
        assert Config.from_env(environ, api_base=base).proxy == (None if without else "http://p:1")


@pytest.mark.parametrize(
    ("base", "no_proxy", "without"),
    [
        ("https://host:8443", "host:8443", True),
        ("https://host:8443", "host", True),
        ("https://host:8443", "host:443", False),
        ("https://[2001:db8::1]", "2001:db8::1", True),
        ("https://[2001:db8::1]", "[2001:db8::1]:443", True),
        ("https://[2001:db8::1]", "[2001:db8::1]:444", False),
        ("https://[2001:db8::443]", "443", False),
    ],
)
def test_no_proxy_with_a_port_is_about_that_port(base, no_proxy, without):
    environ = {"STRIPE_API_KEY": KEY, "HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy}
    assert Config.from_env(environ, api_base=base).proxy == (None if without else "http://p:1")


@pytest.mark.parametrize("base", ["http://[::1", "https://host:99999", "https://", ""])
def test_a_base_that_is_none_is_refused_before_a_proxy_is_looked_for(base):
    with pytest.raises(ConfigError, match="`api_base`"):
        Config.from_env({"STRIPE_API_KEY": KEY, "HTTPS_PROXY": "http://p:1"}, api_base=base)


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({}, ""),
        ({"HTTP_PROXY": "http://p:1"}, "HTTP_PROXY is set, and only HTTPS_PROXY is used"),
        ({"http_proxy": "http://p:1"}, "http_proxy is set"),
        ({"ALL_PROXY": "socks5://p:1", "HTTPS_PROXY": ""}, "ALL_PROXY is set"),
        ({"all_proxy": "http://p:1"}, "all_proxy is set"),
        ({"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:1"}, ""),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "stripe.com"}, ""),
        ({"ALL_PROXY": "http://p:1", "STRIPE_API_BASE": "http://127.0.0.1:1"}, ""),
    ],
)
def test_a_proxy_that_is_named_and_not_used_gets_a_hint(environ, hint):
    found = Config.from_env(environ | {"STRIPE_API_KEY": KEY}).hint
    assert found.startswith(hint)
    assert bool(found) == bool(hint)


@pytest.mark.parametrize(
    "base",
    [
        "https://user:sEcReT@api.stripe.com",
        "http://user:sEcReT@elsewhere",
        "https://us/er:sEcReT@api.stripe.com/v1",
        "user:sEcReT@host",
        "https://api.stripe.com?key=sEcReT",
        "https://api.stripe.com/#sEcReT",
        "https://user:sEcReT@[::1",
    ],
)
def test_a_password_in_the_base_is_not_quoted_back(base):
    for make in (lambda: config(api_base=base), lambda: Config.from_env({"STRIPE_API_KEY": KEY}, api_base=base)):
        with pytest.raises(ConfigError, match="`api_base`") as caught:
            make()
        assert "sEcReT" not in f"{caught.value!r} {caught.value}"


def test_a_proxys_password_does_not_show():
    for shown in (repr(config(proxy="http://user:sEcReT@p:1")), str(config(proxy="http://user:sEcReT@p:1"))):
        assert "sEcReT" not in shown
        assert "user" not in shown.replace("user_agent", "")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("host:3128", "http://host:3128"),
        ("user:p%40ss@host:3128", "http://user:p%40ss@host:3128"),
        (" 10.0.0.1:3128\n", "http://10.0.0.1:3128"),
        ("[::1]:3128", "http://[::1]:3128"),
        ("HTTP://host", "HTTP://host"),
        ("https://host:3129/", "https://host:3129/"),
        ("", None),
        (None, None),
    ],
)
def test_a_proxy_without_a_scheme_is_one_of_http(given, taken):
    assert config(proxy=given).proxy == taken


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://user:sEcReT@host:1080",
        "socks4a://host:1080",
        "ftp://host",
        "http://",
        "://host:1",
        "//host:1",
        "http://user:sEcReT@",
        "http://user:sEcReT@host:0",
        "http://user:sEcReT@host:port",
        "http://user:sE/cReT@host:1",
        "http://user:12#sEcReT@host:1",
        "http://user:12?sEcReT@host:1",
        "http://user:12/sEcReT@host:1",
        "http://user:sEcReT@ho\u2100st:1",
        "http://user:sEc ReT@host:1",
        "http://user:sEcReT@a..b:1",
        f"http://user:sEcReT@{'x' * 64}.example:1",
        "http://user:sEcReT@host:1\r\nX: y",
        "nonsense://user:sEcReT@host",
        "http:user:sEcReT",
    ],
)
def test_what_is_no_http_proxy_is_refused_without_quoting_it(proxy):
    with pytest.raises(ConfigError, match=r"HTTPS_PROXY.*write http://host:port") as caught:
        config(proxy=proxy)
    assert caught.value.exit_code == 78
    assert not any(piece in str(caught.value) for piece in ("sEc", "ReT", "12"))
    assert caught.value.__cause__ is caught.value.__context__ is None
