"""Where a long second is divided, and that parts join only where each goes on as the one above it ended."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.core.api.page import Page
from connector.core.planning.windows.division import (
    KEPT_BYTES,
    RARE,
    ROUND_PAGES,
    Part,
    Rare,
    Sample,
    chosen,
    joined,
    pages_kept,
)
from tests.support.examples import examples


def sample(counts: dict[str, int], *, names: tuple[str, ...] = ("type",)) -> Sample:
    found = Sample(names)
    found.add([{"type": value, "currency": "eur"} for value, count in counts.items() for _ in range(count)])
    return found


def page(text: str, *, more: bool = True) -> tuple[Page, list[str]]:
    return Page([{"id": one} for one in text], has_more=more), list(text)


def test_the_value_nearest_to_one_row_in_a_hundred_is_filtered_by():
    assert sample({"charge": 389, "fee": 1, "refund": 5, "payout": 5 * 4 - 15}).rare() == Rare("type", "payout", 0.0125)
    assert sample({"charge": 390, "fee": 1, "refund": 9}).rare() == Rare("type", "refund", 0.0225)
    assert sample({"charge": 380, "refund": 20}).rare() == Rare("type", "refund", RARE)


@pytest.mark.parametrize("counts", [{"charge": 400}, {"charge": 379, "refund": 21}, {"": 1, "charge": 399}])
def test_where_nothing_is_rare_there_is_nothing_to_filter_by(counts):
    assert sample(counts, names=("type", "currency")).rare() is None


def test_rows_decoded_as_documented_and_rows_that_lack_the_field_are_counted_too():
    found = Sample(("type",))
    found.add([SimpleNamespace(type="fee")] + [SimpleNamespace(type="charge")] * 99 + [SimpleNamespace(type=None)])
    found.add([{"type": 7}, {}])
    assert (found.rare(), found.rows) == (Rare("type", "fee", 1 / 103), 103)


@example(count=0, share=0.01, size=100, pages=100, parts=8, goes_on=True)
@given(
    count=st.integers(0, 200),
    share=st.floats(0.0005, 0.05),
    size=st.integers(1, 100),
    pages=st.integers(20, 100),
    parts=st.integers(1, 20),
    goes_on=st.booleans(),
)
def test_cursors_come_in_order_few_enough_and_the_last_one_where_more_are_to_be_looked_for(
    count, share, size, pages, parts, goes_on
):
    ids = [f"{number}" for number in range(count)]
    rare = Rare("type", "fee", share)
    found = chosen(ids, rare, page_size=size, pages=pages, parts=parts, goes_on=goes_on)
    places = [int(one) for one in found]
    assert places == sorted(set(places))
    assert len(found) <= parts
    assert not found or places[-1] < max(1, pages * size * share)
    assert bool(found) or not (goes_on and count)


def test_pages_too_heavy_to_keep_a_few_of_them_are_not_read_ahead():
    sizes = 0, 50_000, 100_000, KEPT_BYTES // 40, KEPT_BYTES // 30, 1 << 20
    assert [pages_kept(size) for size in sizes] == [ROUND_PAGES, ROUND_PAGES, 81, 26, 0, 0]


# A part ---------------------------------------------------------------------------------------------------------------


def test_a_part_ends_with_the_row_that_the_next_one_begins_after():
    part = Part("a", until="d")
    part.went_down(*page("bc"))
    part.went_down(*page("de"))
    assert (part.closed, part.broken, joined([part], "a")) == (
        True,
        False,
        [(page("bc")[0], ["b", "c"]), (page("de")[0], ["d"])],
    )


def ids_of(part: Part, known: str = "a") -> str | None:
    found = joined([part], known)
    return None if found is None else "".join(one for _, ids in found for one in ids)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["+bc", "-fg", "+de", "-de"], "bcdefg"),  # the second page downwards meets; what comes after counts no more
        (["-fg", "+bc", "-cde"], "bcdefg"),
        (["+bc", "-abcdefg"], "bcdefg"),
        (["-fg", "-bcde", "-a"], "bcdefg"),
        (["+bcdeg.", "-fg"], None),  # what is above the last row is not what came above it
        (["+bcdefg.", "-abcdefg."], "bcdefg"),
        (["-bcdefg", "+bcdefg."], "bcdefg"),
        (["+bc", "-gf", "+dfge"], None),
        (["+bc", "-bdefg"], None),  # both show it, and not where they should
        (["+bc", "-fg", "-de."], None),
        (["+bc", "-fg", "+d."], None),
        (["+", "-fg"], None),
        (["-."], None),
        (["+bc", "-fg", "+def"], "bcdefg"),
        (["-efg", "+bcde", "-d"], "bcdefg"),
        (["-fg", "+bcdexy"], None),
    ],
)  # fmt: skip
def test_a_part_read_from_both_ends_is_whole_where_they_meet_in_one_order(steps, expected):
    part = Part("a", below="h")
    for step in steps:
        way, more = (part.went_down if step[0] == "+" else part.went_up), not step.endswith(".")
        way(*page(step[1:].rstrip("."), more=more))
    assert (ids_of(part) if part.closed or part.broken else None) == expected


def test_a_part_that_is_open_counts_as_far_down_as_it_came_and_nothing_below_it():
    first, second = Part("a", until="d"), Part("d", until="f")
    first.went_down(*page("b"))
    second.went_down(*page("ef"))
    assert joined([first, second], "a") == [(page("b")[0], ["b"])]


def test_rows_that_came_before_or_in_two_parts_count_in_none():
    first, second = Part("a", until="c"), Part("c", until="b")
    first.went_down(*page("bc"))
    second.went_down(*page("db"))
    assert joined([first, second], "a") is None
    assert joined([first], "ab") is None


@settings(max_examples=examples(300))
@given(st.integers(1, 40), st.integers(1, 9), st.randoms(use_true_random=False))
def test_two_ends_of_one_order_meet_whenever_either_goes_on(count, size, chance):
    rows = [f"{number:02d}" for number in range(count + 2)]
    part = Part(rows[0], below=rows[-1])
    while part.is_open:
        if chance.random() < 0.5 and not part.ended:
            at = rows.index(part.lowest) + 1
            shown = rows[at:-1][:size]
            part.went_down(Page([], has_more=at + size < len(rows) - 1), shown)
        else:
            stop = rows.index(part.highest or "")
            shown = rows[max(0, stop - size) : stop]
            part.went_up(Page([], has_more=stop > size), shown)
    assert [one for _, ids in joined([part], {rows[0]}) or () for one in ids] == rows[1:-1]
