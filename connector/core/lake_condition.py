"""How a lake stands, in one sentence: whether everything is here, up to when, and whether it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from connector.core.time.times import to_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.core.state.kept_verdict import Answer

Grade = Literal["wrong", "look", "note"]
"""`wrong`: rows are missing, or something does not add up. `look`: somebody should look. `note`: worth knowing."""

Subject = Literal["here", "adds_up", "other"]
"""Whether it is about what is here, about whether that adds up, or about something else."""

Proof = Literal["proved", "in_part", "never"]
"""What `verify` has proved: all of its layers, some of them, or none since nobody asked."""

ALL_LAYERS = 4


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to say of a lake or an account.

    Attributes:
        kind: short name.
        grade: how much it matters.
        subject: what it is about.
        text: a sentence without its full stop.
        remedy: the command that helps, or None.
    """

    kind: str
    grade: Grade
    subject: Subject
    text: str
    remedy: str | None = None


def grade_of(problems: Iterable[Problem]) -> Literal["wrong", "look", "well"]:
    """Return the gravest grade; notes leave all well."""
    grades = {problem.grade for problem in problems}
    return "wrong" if "wrong" in grades else "look" if "look" in grades else "well"


def proof_of(answers: Sequence[Answer]) -> Proof:
    """Return what the answers of an account's layers prove together."""
    if not answers:
        return "never"
    return "proved" if len(answers) == ALL_LAYERS and set(answers) == {"proved"} else "in_part"


def weakest_proof(proofs: Iterable[Proof]) -> Proof:
    """Return the proof that several accounts have in common."""
    distinct = set(proofs)
    if distinct == {"proved"}:
        return "proved"
    return "never" if distinct <= {"never"} else "in_part"


def sentence(problems: Sequence[Problem], *, complete_up_to: int | None, rows: int, proof: Proof) -> str:
    """Answer in one sentence: is everything here, up to when, and does it add up?

    Args:
        problems: of all accounts.
        complete_up_to: up to when all that was asked for is here, UTC seconds; None for no time.
        rows: in the lake.
        proof: what was proved.
    """
    missing = [problem for problem in problems if problem.subject == "here" and problem.grade == "wrong"]
    differing = [problem for problem in problems if problem.subject == "adds_up" and problem.grade == "wrong"]
    if complete_up_to is None and not rows and not missing:
        here = "Nothing is here yet"
    elif missing or complete_up_to is None:
        here = "Not everything is here"
    else:
        left_out = any(problem.subject == "here" and problem.grade == "look" for problem in problems)
        what = "Everything that was asked for" if left_out else "Everything"
        here = f"{what} up to {to_words(complete_up_to)} is here"
    return f"{here}, {_adds_up(bool(missing), bool(differing), proof)}."


def _adds_up(missing: bool, differing: bool, proof: Proof) -> str:  # noqa: FBT001 - two facts and a third
    if differing:
        return "and it does not add up" if missing else "but it does not add up"
    if proof == "never":
        return "and whether it adds up was never checked"
    if proof == "in_part":
        return "and what was checked of it adds up"
    return "but what is here adds up" if missing else "and it adds up"
