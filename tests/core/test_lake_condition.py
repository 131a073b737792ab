"""One sentence says whether everything is here, up to when, and whether it adds up."""

from __future__ import annotations

from itertools import product

import pytest

from connector.core.lake_condition import Problem, grade_of, proof_of, sentence, weakest_proof

MISSING = Problem("gap", "wrong", "here", "a gap")
DIFFERS = Problem("payouts_differ", "wrong", "adds_up", "a payout")
LOOK = Problem("parked", "look", "other", "parked rows")
NOTE = Problem("drift", "note", "other", "a field")
ALL = ["proved"] * 4


def said(*problems, upto=1_767_225_600, rows=10, proof="proved"):
    return sentence(problems, complete_up_to=upto, rows=rows, proof=proof)


def test_where_all_is_well_it_says_so_with_the_time():
    assert said() == "Everything up to 2026-01-01 00:00:00 UTC is here, and it adds up."
    assert said(LOOK, NOTE) == said()


def test_where_time_was_left_out_it_says_no_more_than_that_what_was_asked_for_is_here():
    left_out = Problem("unasked", "look", "here", "never asked for")
    assert said(left_out) == "Everything that was asked for up to 2026-01-01 00:00:00 UTC is here, and it adds up."
    assert said(left_out, MISSING) == said(MISSING)


@pytest.mark.parametrize(
    ("problems", "more", "expected"),
    [
        ([], {"proof": "never"}, "and whether it adds up was never checked."),
        ([], {"proof": "in_part"}, "and what was checked of it adds up."),
        ([DIFFERS], {}, "Everything up to 2026-01-01 00:00:00 UTC is here, but it does not add up."),
        ([MISSING], {}, "Not everything is here, but what is here adds up."),
        ([MISSING, DIFFERS], {}, "Not everything is here, and it does not add up."),
        (
            [],
            {"upto": None, "rows": 0, "proof": "never"},
            "Nothing is here yet, and whether it adds up was never",
        ),
        ([], {"upto": None}, "Not everything is here,"),
    ],
)
def test_the_sentence_never_says_more_than_is_known(problems, more, expected):
    assert expected in said(*problems, **more)


def test_only_problems_of_the_right_kind_let_it_say_that_all_is_here_or_adds_up():
    for some in product([0, 1], repeat=4):
        chosen = [one for one, there in zip((MISSING, DIFFERS, LOOK, NOTE), some, strict=True) if there]
        assert ("Everything" in said(*chosen)) == (MISSING not in chosen)
        assert ("does not add up" in said(*chosen)) == (DIFFERS in chosen)


def test_grades_and_proofs_are_as_weak_as_the_weakest():
    assert [grade_of(some) for some in ([], [NOTE], [NOTE, LOOK], [LOOK, DIFFERS])] == ["well", "well", "look", "wrong"]
    assert [proof_of(some) for some in ([], ALL, ALL[:3], [*ALL[:3], "not_checkable"])] == [
        "never",
        "proved",
        "in_part",
        "in_part",
    ]
    assert weakest_proof(["proved", "proved"]) == "proved"
    assert weakest_proof(["proved", "never"]) == "in_part"
    assert weakest_proof([]) == "never"
