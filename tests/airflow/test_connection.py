"""What a connection says of whom to ask; no message holds a key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.airflow.connection import EXTRAS, check_extra, settings_of
from connector.airflow.payouts import is_reconciled
from connector.errors import ConfigError, UsageError

KEY = "rk_test_4eC39HqLyjWDarjtT1zdp7dc"  # the documentation's own
BASE = "http://127.0.0.1:12111"


def settings(extra=(), password=KEY, environ=(), **given):
    return settings_of("stripe_default", password, dict(extra), dict(environ), **given)


def test_the_key_is_the_password_and_extras_say_the_rest():
    extra = {"account": "acct_1abc", "api_version": "2026-10-28.endive", "api_base": BASE, "rate": "7.5"}
    found = settings(extra)
    assert found.config.api_key.reveal() == KEY
    assert (found.config.api_base, found.config.rate, found.account) == (BASE, 7.5, "acct_1abc")
    assert found.config.account is None


@pytest.mark.parametrize("empty", ["", None])
def test_a_field_that_was_left_empty_is_not_given(empty):
    found, usual = settings(dict.fromkeys(EXTRAS, empty)), settings()
    assert replace(found.config, api_key=usual.config.api_key) == usual.config
    assert found.account is None


def test_what_a_task_says_comes_before_the_connection():
    assert settings({"rate": 7}, rate=3.0).config.rate == 3.0
    assert settings({"rate": 7}, rate=None).config.rate == 7.0


def test_of_the_workers_environment_only_the_proxy_counts():
    environ = {"STRIPE_API_KEY": "sk_test_another", "STRIPE_API_BASE": BASE, "HTTPS_PROXY": "http://proxy.test:3128"}
    found = settings(environ=environ).config
    assert found.api_key.reveal() == KEY
    assert found.api_base == "https://api.stripe.com"
    assert found.proxy == "http://proxy.test:3128"


@pytest.mark.parametrize("password", [None, "", "  "])
def test_without_a_password_there_is_no_key(password):
    with pytest.raises(ConfigError, match="has no key: put it in its password"):
        settings(password=password)


@pytest.mark.parametrize("name", ["api_key", "stripe_key", "token", "Secret"])
def test_a_key_among_the_extras_is_refused_and_not_quoted(name):
    with pytest.raises(ConfigError, match="a key belongs in its password") as caught:
        settings({name: KEY})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "extra", [{"rate": KEY}, {"acount": KEY}, {"account": KEY}, {"api_base": f"https://{KEY}@x.test"}]
)
def test_a_wrong_extra_is_refused_and_its_value_not_quoted(extra):
    with pytest.raises(ConfigError) as caught:
        settings(extra)
    assert KEY not in str(caught.value)


def test_a_mistyped_extra_is_told_the_nearest():
    with pytest.raises(ConfigError, match="did you mean account"):
        settings({"acount": "acct_1"})


@pytest.mark.parametrize(
    "extra", [{"account": [KEY]}, {"rate": {"a": KEY}}, {"rate": True}, {"api_version": 20261028}, {"context": {}}]
)
def test_an_extra_of_another_type_is_refused_and_not_quoted(extra):
    with pytest.raises(ConfigError, match=f"an extra '{next(iter(extra))}' that is no text") as caught:
        settings(extra)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("text", ["{'account': 'acct_1'}", "account=acct_1", "[1]", '"acct_1"', "5", KEY])
def test_an_extra_that_is_no_object_of_json_is_refused_for_another_account_would_be_read(text):
    with pytest.raises(ConfigError, match="'stripe_default' is no object of JSON") as caught:
        check_extra("stripe_default", text)
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "  ", "{}", '{"account": "acct_1"}'])
def test_an_extra_that_is_one_or_empty_passes(text):
    check_extra("stripe_default", text)


def payout(reconciled, **fields):
    return {"id": "po_1", "automatic": True, "status": "paid", "reconciliation_status": reconciled, **fields}


def test_a_payout_is_waited_for_until_its_list_is_complete():
    assert is_reconciled(payout("completed"))
    assert not is_reconciled(payout("in_progress"))
    assert not is_reconciled(payout("in_progress", status="in_transit"))


@pytest.mark.parametrize(
    "never", [payout("not_applicable"), payout("in_progress", automatic=False), payout("in_progress", status="failed")]
)
def test_a_payout_that_never_will_be_is_not_waited_for(never):
    with pytest.raises(UsageError, match="po_1"):
        is_reconciled(never)
