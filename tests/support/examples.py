"""How much a test tries: little in `make test`, all of it in `make test-all`, least where a second Python is tried."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

EXTENT = os.environ.get("TESTS", "quick")
"""`quick`; `part`, a few of the quick cases of each test; `thorough`; or `mutants`: quick, and each time the same."""

ALIKE = "EXAMPLES_ALIKE" in os.environ
"""Whether the same is drawn each time, as where a change is let in or refused for what it does."""


def drawn_seed() -> int:
    """Draw a seed; where the same is to be drawn each time, 1."""
    return 1 if ALIKE else random.SystemRandom().randrange(2**32)


SHARE = 30 if EXTENT == "part" else 10
"""Of the examples of a law in `make test-all`: every how manieth is tried otherwise."""

LEAST = 2 if EXTENT == "part" else 5

PART = 3
"""Of the cases of a test that has so many: every how manieth is tried where the extent is `part`."""


OF_FORMATS = ("tests/lake/formats/", "tests/ingest/test_sync.py", "tests/readers/test_statements.py")
"""Where every format is tried always: bytes and rows, a lake made and read back, what engines are told."""

OTHER_FORMATS = frozenset({"arrow", "jsonl", "jsonl.zst", "jsonl.gz", "jsonl.plain"})


STRIDE = 1 if EXTENT == "thorough" else 5
"""Of moments that are tried one after the other, such as each write at which a run may be killed: every how manieth."""


LONGEST = (
    "tests/ingest/test_sync_model.py",
    "tests/ingest/test_sync_model_stores.py",
    "tests/test_docs.py",
    "tests/ingest/test_sync_every_fault.py",
    "tests/ingest/test_sync_together.py",
    "tests/ingest/test_sync_kills.py",
    "tests/cli/test_hostile.py",
    "tests/test_project_wheel.py",
    "tests/readers/test_readers.py",
    "tests/ingest/test_sync_buckets.py",
    "tests/ingest/test_sync_interrupted.py",
    "tests/ingest/test_sync_again.py",
    "tests/cli/test_endings.py",
    "tests/cli/test_odd_lakes.py",
    "tests/cli/test_follow.py",
    "tests/reporting/test_statement.py",
    "tests/payouts/test_payouts.py",
    "tests/payouts/test_payouts_killed.py",
    "tests/conversion/test_convert.py",
    "tests/verification/test_verify_damage.py",
    "tests/reporting/lake_report/test_facts.py",
    "tests/lake/formats/test_formats.py",
    "tests/lake/state/test_commits.py",
    "tests/stripe/listing/test_query.py",
    "tests/accounts/test_accounts.py",
    "tests/core/planning/absence/test_absence.py",
)
"""Files that take longest, these first: one that is begun last would be at work when all others are through."""


def is_of_other_format(case: Mapping[str, Any]) -> bool:
    """Whether a case of a parametrized test is about another format than Parquet, which is tried always."""
    return any(type(value) is str and value in OTHER_FORMATS for value in case.values())


def examples(thorough: int, *, least: int = LEAST) -> int:
    """How many examples Hypothesis tries of a law that `make test-all` tries so often.

    Args:
        thorough: in `make test-all`.
        least: in any case; fewer where one of them takes seconds.
    """
    return thorough if EXTENT == "thorough" else max(min(thorough, least), thorough // SHARE)


def part_of(cases: Iterable[str], python: int) -> set[str]:
    """Choose of each test some cases: another third for each of three Pythons, each case at one of them.

    Args:
        cases: node ids of pytest, those of one test in their order: `file::test` or `file::test[case]`.
        python: number of its minor version.
    """
    tests: dict[str, list[str]] = {}
    for case in cases:
        tests.setdefault(case.partition("[")[0], []).append(case)
    return {one for some in tests.values() for one in (some[python % PART :: PART] if len(some) >= PART else some)}


def register() -> None:
    """Have tests that say nothing else try as many examples as the extent asks for, however slow the machine."""
    settings.register_profile("quick", max_examples=examples(100), deadline=None, derandomize=ALIKE)
    settings.register_profile("part", max_examples=examples(100), deadline=None, derandomize=ALIKE)
    settings.register_profile("thorough", max_examples=examples(100), deadline=None, derandomize=ALIKE)
    settings.register_profile("mutants", max_examples=examples(100), deadline=None, derandomize=True, database=None)
    settings.load_profile(EXTENT)


def slow_but(quick: Collection[Any], cases: Iterable[Any]) -> list[Any]:
    """Cases of a parametrized test, of which `make test` tries these, and `make test-all` every one.

    Args:
        quick: those that are tried always; each has to be one of the cases.
        cases: all of them.
    """
    listed = list(cases)
    assert all(case in listed for case in quick), f"{quick} are not all among {listed}"
    return [case if case in quick else _slow(case) for case in listed]


def _slow(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
