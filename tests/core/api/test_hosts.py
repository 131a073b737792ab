"""Hosts and proxies: what can be a name, what is a proxy's URL, who is reached without it, what its refusal means."""

from __future__ import annotations

import pytest

from connector.core.api.hosts import can_be_host, checked_proxy, goes_without_proxy, refused_by_proxy, unused_proxy
from connector.errors import ConfigError, TransportError


@pytest.mark.parametrize("host", ["a", "api.stripe.com", "api.stripe.com.", "x" * 63, f"{'x' * 63}.com"])
def test_a_name_can_be_looked_up(host):
    assert can_be_host(host)


@pytest.mark.parametrize("host", ["", ".", "a..b", ".a", "a.b..", "x" * 64, f"a.{'x' * 64}"])
def test_a_name_with_a_part_that_is_empty_or_too_long_cannot(host):
    assert not can_be_host(host)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("proxy:3128", "http://proxy:3128"),
        (" http://proxy:3128/ ", "http://proxy:3128/"),
        ("HTTPS://user:p%40ss@proxy.example:1", "HTTPS://user:p%40ss@proxy.example:1"),
        ("http://10.0.0.1", "http://10.0.0.1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://my_proxy:65535", "http://my_proxy:65535"),
    ],
)
def test_a_proxys_url_is_taken_and_without_a_scheme_is_one_of_http(given, url):
    assert checked_proxy(given) == url


@pytest.mark.parametrize(
    "given",
    [
        "http://",
        "http://:3128",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy:port",
        "http://pro xy:1",
        "http://proxy:1/path",
        "http://proxy:1?query",
        "http://proxy:1#part",
        "http://us er:secret@proxy:1",
        "http://user:secret/more@proxy:1",
        "http://user:se\u200bcret@proxy:1",
        "http://a..b:1",
        "http://[::1:1",
        "http://b\u00fccher:1",
    ],
)
def test_what_is_no_proxys_url_is_refused_and_nothing_of_it_quoted(given):
    with pytest.raises(ConfigError, match="is not the URL of one") as caught:
        checked_proxy(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("given", ["socks5://user:secret@proxy:1", "ftp://proxy"])
def test_a_proxy_of_another_kind_is_refused(given):
    with pytest.raises(ConfigError, match="not one of HTTP") as caught:
        checked_proxy(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "no_proxy",
    [
        "*",
        "api.stripe.com",
        "API.stripe.com",
        "stripe.com",
        ".stripe.com",
        "com",
        "localhost,stripe.com",
        "localhost stripe.com",
        "stripe.com:443",
        "api.stripe.com.",
    ],
)
def test_a_host_that_is_named_or_in_a_domain_that_is_goes_without(no_proxy):
    assert goes_without_proxy("https://api.stripe.com", no_proxy)
    assert not goes_without_proxy("https://api.example.org", no_proxy.replace("*", "").replace("com", "net"))


@pytest.mark.parametrize("no_proxy", ["", ",", ".", "[]", "xstripe.com", "ipe.com", "stripe.com:80", "pi.stripe.com"])
def test_another_name_or_another_port_does_not(no_proxy):
    assert not goes_without_proxy("https://api.stripe.com", no_proxy)


def test_ports_are_those_of_the_url_or_of_its_scheme():
    assert goes_without_proxy("http://localhost", "localhost:80")
    assert goes_without_proxy("http://localhost:8080", "localhost:8080")
    assert not goes_without_proxy("http://localhost:8080", "localhost:80")
    assert goes_without_proxy("http://[::1]:8080", "::1")
    assert goes_without_proxy("http://[::1]:8080", "[::1]:8080")
    assert not goes_without_proxy("http://[::1]:8080", "[::1]:8081")
    assert goes_without_proxy("http://[::1]:8080", "[::1]")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_does_not_count_is_named(name):
    assert unused_proxy({name: "http://x"}).startswith(f"{name} is set, and only HTTPS_PROXY is used")
    assert unused_proxy({name: "", "HTTPS_PROXY": "http://x"}) == ""


def refusal(status, schemes=(), *, knows=False):
    return refused_by_proxy(status, "the proxy p", "h", schemes=schemes, knows=knows)


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, ConfigError, "refused the way to h"),
        (403, ConfigError, "have it allow that host"),
        (499, ConfigError, "have it allow that host"),
        (408, TransportError, "found no way to h"),
        (425, TransportError, "found no way"),
        (429, TransportError, "found no way"),
        (500, TransportError, "found no way"),
        (503, TransportError, r"the proxy p found no way to h \(status 503\)"),
    ],
)
def test_a_proxys_refusal_lasts_or_does_not_by_its_status(status, kind, word):
    found = refusal(status)
    assert type(found) is kind
    with pytest.raises(kind, match=word):
        raise found


def test_a_proxy_that_wants_to_know_who_asks_is_told_how():
    assert "it wants a user and password" in str(refusal(407))
    assert "it wants a user and password" in str(refusal(407, ["Basic realm=x"]))
    assert "does not accept the user and password" in str(refusal(407, ["bAsIc realm=x"], knows=True))
    assert "it asks for Negotiate, NTLM, and only Basic" in str(refusal(407, ["Negotiate", "NTLM"], knows=True))
    assert "it wants a user" in str(refusal(407, ["Negotiate,Basic realm=x"]))
    assert "it wants a user" in str(refusal(407, ['"', ""]))
    assert len(str(refusal(407, ["N" * 500]))) < 300
