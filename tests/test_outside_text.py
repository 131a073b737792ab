"""What others wrote: printable, without keys, and in JSON still the same."""

from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.outside_text import document_without_keys, in_json, printable, sentence, shown, without_keys
from tests.support.lakes import run, sandbox, world

ANY = st.text(st.characters(exclude_categories=["Cs"]))
HARD = st.text(
    st.sampled_from("a1 \n\r\t\x1b\x7f\x85\x9b\u202e\u2028\ufeff\ud800\\/:@?#=%\"'_")
)  # a name of a file may hold a lone surrogate
BITS = st.sampled_from(["sk_live_", "Basic ", "Bearer ", "https://", "user:", "@", "Authorization: ", "(key)", "Ab1="])
TEXTS = ANY | HARD | st.lists(BITS | ANY).map("".join)


@given(TEXTS)
def test_a_text_for_people_is_one_line_that_steers_no_terminal(text):
    for found in (printable(text), shown(text), sentence(text)):
        assert found.isprintable()


@given(TEXTS)
def test_doing_it_again_changes_nothing(text):
    for do in (printable, without_keys):
        assert do(do(text)) == do(text)


@given(ANY)
def test_messages_made_of_messages_are_as_they_were(text):
    assert sentence(f"{sentence(text)}; {shown(text)}") == f"{sentence(text)}; {shown(text)}".strip()


@given(st.recursive(TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_for_a_terminal_is_printable_and_says_the_same(document):
    text = in_json(json.dumps(document, ensure_ascii=False, indent=2))
    assert all(line.isprintable() for line in text.split("\n"))
    assert json.loads(text) == document


@pytest.mark.parametrize(
    ("text", "people", "prose"),
    [
        ("part\n    balance   proved", r"part\n    balance   proved", "part balance   proved"),
        ("\x1b[31m\x7f\x9b\u202e\u2028", r"\x1b[31m\x7f\x9b\u202e\u2028", r"\x1b[31m\x7f\x9b\u202e"),
        ("a\udcff\U000e0041", r"a\udcff\U000e0041", r"a\udcff\U000e0041"),
        ("ご注文\u3000三\xa0€", "ご注文 三 €", "ご注文 三 €"),
        (" two\r\n\r\nparagraphs\t", r" two\r\n\r\nparagraphs\t", "two paragraphs"),
    ],
)
def test_names_keep_what_is_odd_about_them_as_escapes_and_prose_loses_its_line_breaks(text, people, prose):
    assert (printable(text), sentence(text)) == (people, prose)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no key sk_live_51Habcdef, none", "no key sk_live_(key), none"),
        ("rk_test_abcd sk_org_live_abcd whsec_abcd", "rk_test_(key) sk_org_(key) whsec_(key)"),
        (
            r"an escape before it: \nsk_live_abcdef \x1brk_live_abcdef",
            r"an escape before it: \nsk_live_(key) \x1brk_live_(key)",
        ),
        (
            "in an address: ?key=sk_live_abcdef&x=%20sk_test_abcdef",
            "in an address: ?key=sk_live_(key)&x=%20sk_test_(key)",
        ),
        ("Authorization: Bearer abc", "Authorization: Bearer (key)"),
        ("{'Authorization': 'mytoken'}", "{'Authorization': '(key)'}"),
        ("sent Basic c2tfbGl2ZV9hYmM6 along", "sent Basic (key) along"),
        ("https://user:pw@host/a and http://token@host", "https://(key)@host/a and http://(key)@host"),
        ("http://user:p/w#?@host:8080/", "http://(key)@host:8080/"),
    ],
)
def test_keys_are_taken_out_in_every_form(text, found):
    assert without_keys(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "desk_test_lake, task_live_lake_of_2026",
        "the provided key 'sk_test_*****1234' and 'rk_live_***'",
        "using Bearer auth, Basic authentication. Basic Authentication failed",
        'Basic realm="Stripe"',
        "https://api.stripe.com:443/v1?a@b, jenny@example.com",
        '{"base":"http://host:x","mail":"jenny@example.com"}',
    ],
)
def test_what_only_resembles_a_key_stays(text):
    assert without_keys(text) == text


SECRETS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=8, max_size=40)


@given(TEXTS, SECRETS, TEXTS)
def test_a_secret_of_any_form_is_taken_out(before, secret, after):
    assert secret not in shown(f"{before}{secret}{after}", {secret}).replace("(key)", "")


def test_what_is_too_short_to_be_a_secret_does_not_make_nonsense_of_words():
    assert shown("a lake", {"a"}) == "a lake"


def test_a_document_keeps_its_shape():
    document = {"sk_live_abcdef": ["sk_live_abcdef", 1, None, {"a": "https://u:p@h"}], "n": 2.5, "t": ("whsec_abcdef",)}
    found = {"sk_live_(key)": ["sk_live_(key)", 1, None, {"a": "https://(key)@h"}], "n": 2.5, "t": ["whsec_(key)"]}
    assert document_without_keys(document, ()) == found


def test_a_kept_run_report_tells_no_key_that_the_name_of_the_lake_holds(tmp_path):
    lake = tmp_path / "sk_test_51inTheNameOfAFolder"
    with sandbox(world(50)) as served:
        run(lake, served)
    (kept,) = (lake / "_stripe_balance" / "runs").glob("*.json")
    assert "inTheNameOfAFolder" not in kept.read_text()


@pytest.mark.parametrize("part", ["://", "://a:", "Basic ", "authorization ", "sk_live_", " ", "\n ", "\x1b", "\\n"])
def test_no_text_takes_longer_than_it_is_long(part):
    def seconds(size):
        """Of the processor: it does not count for how long another process has it."""
        start = process_time()
        sentence(part * (size // len(part)))
        return process_time() - start

    small, large = (min(seconds(size) for _ in range(3)) for size in (20_000, 400_000))
    assert large < 200 * small + 1.0  # 20 times the length; 400 times if it were quadratic
