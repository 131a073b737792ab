"""What people take for a key, and what a key picks up on its way."""

from __future__ import annotations

import pytest

from connector.config.api_key import ApiKey, find_key
from connector.errors import ConfigError

KEY = "rk_test_51Abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    "around",
    [
        "  {}\n",
        "{}\r\n",
        '"{}"',
        "'{}'",
        "`{}`",
        "\u201c{}\u201d",
        "\u2018{}\u2019",
        "\ufeff{}",
        "{}\u200b",
        "\u00a0{}\u2060",
        "STRIPE_API_KEY={}",
        'export STRIPE_API_KEY="{}"',
        "Bearer {}",
        '"Bearer {}"',
    ],
)
def test_what_came_along_with_a_key_is_taken_off(around):
    assert ApiKey(around.format(KEY)).reveal() == KEY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pk_test_51Abcdefghijkl", "a publishable key"),
        ("whsec_51Abcdefghijkl", "secret of a webhook endpoint"),
        ("acct_1GxquwFqjXnd5PPh", "id of an account"),
        ("mk_1GxquwFqjXnd5PPh", "id of a key"),
        ("STRIPE_API_KEY", "name of a variable"),
        ("$STRIPE_API_KEY", "name of a variable"),
        ("${STRIPE_API_KEY}", "name of a variable"),
        ("%STRIPE_API_KEY%", "name of a variable"),
        ("env:STRIPE_API_KEY", "where a key is"),
        ("file:/etc/stripe/key", "where a key is"),
        ("rk_live_...", "shown in part"),
        ("rk_live_…", "shown in part"),
        ("sk_live_****************abcd", "shown in part"),
        ("sk_test_••••4242", "shown in part"),
        ("sk_live_<your key>", "shown in part"),
    ],
)
def test_what_is_no_key_is_said_to_be_what_it_is_and_not_quoted(text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        ApiKey(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{KEY[:12]} {KEY[12:]}", "a space as its character 13"),
        (f"{KEY[:12]}\u200b{KEY[12:]}", "U+200B as its character 13"),
        (f"{KEY[:9]}ä{KEY[9:]}", "U+00E4 (ä) as its character 10"),
        (f"{KEY[:9]}\x01{KEY[9:]}", "U+0001 as its character 10"),
        (f"{KEY}:", f"U+003A (:) as its character {len(KEY) + 1}"),
    ],
)
def test_a_character_that_no_key_has_is_named_with_its_place(text, said):
    with pytest.raises(ConfigError) as caught:
        ApiKey(text)
    assert said in str(caught.value)
    assert KEY[:9] not in str(caught.value)


def test_a_file_that_is_not_there_is_named_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        find_key({}, tmp_path / "nope", print)
    assert str(caught.value) == f"cannot read the key from {tmp_path / 'nope'}: No such file or directory"
