"""Every fault the sandbox knows, one by one and in mixtures: the right lake, or one right error and nothing false.

The list of faults is the sandbox's own: a new one is driven as soon as it is there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connector.core.api.retry import Timeouts
from connector.core.units import DAY
from connector.errors import ConnectorError
from connector.sandbox.core.ledger import TIES
from connector.sandbox.http.edits import EDITS
from connector.sandbox.http.faults import KINDS, REASONS, STANDING
from tests.support.examples import EXTENT, examples, slow_but
from tests.support.lakes import START, data_files, honest, objects, run, sandbox, strays, truth, world

if TYPE_CHECKING:
    from connector.core.api.page import Row
    from connector.sandbox import Sandbox

EXAMPLES = int(os.environ.get("FAULT_EXAMPLES", examples(25)))
"""Mixtures to try; more by the environment."""

ROWS = 700 if EXTENT == "thorough" else 400

EAGER = {"max_in_flight": 12, "rate": 2_000.0}
IMPATIENT = EAGER | {"timeouts": Timeouts(total=0.6, connect=0.5, read=0.2)}
"""For runs that may end with 75, as they do on a machine too busy to answer in time."""

UNTIL_HUNG = EAGER | {"timeouts": Timeouts(total=60.0, connect=30.0, read=2.0)}
"""For runs that have to go on after an answer that never came."""

REFUSED = {"400": {1}, "hostile-error": {1}, "404": {1}, "403": {77}}
BROKEN = {"empty-page", "out-of-order", "duplicate-row", "wrong-type", "deep"}
UNLESS_MET = {"outside-window", "stuck-cursor"}
"""A window without bounds, or a request without a cursor, does not meet these."""

ALTERED = {kind for kind in EDITS if kind not in BROKEN}
ALTERED |= {"half-pair", "long-number", "repeated-field", "hostile-text"}
"""Rows differ from what they will be later."""

UNSEEN = {"gone-rows", "hot-second"}
"""Rows are not listed when their time is read, however long ago it is: nothing but reading again finds them."""

MISPLACED = {"stray"}
"""An answer that belongs to nothing is noticed at once, or by what it says; nothing on its connection is believed."""

APART = {"no-rows", "false-end", "moving-ties"}
"""Tried by themselves (tests/ingest/test_sync_absence.py): what is denied by every third answer cannot be known."""

OPTIONS = {
    "slow": ",seconds=0.2",
    "rate-limit": ",reason=" + REASONS[0],
    "409": ",should_retry=true",
    "clock-moves": ",seconds=40000",
}


def outcomes(kind: str) -> set[int]:
    """Exit codes a run may end with under a fault that comes again and again; 0 for the right lake."""
    if kind in REFUSED:
        return REFUSED[kind]
    if kind in BROKEN:
        return {65}
    return {0, 65} if kind in UNLESS_MET | MISPLACED else {0}


def status_of(lake: Path, stripe_: Sandbox, settings: dict[str, Any], **options: Any) -> int:
    """Run, and return what the command line would end with."""
    try:
        report = run(lake, stripe_, settings=settings, **options)
    except ConnectorError as error:
        failure = error
    else:
        assert report.outcome == "complete"
        return 0
    assert stripe_.key not in f"{failure} {failure!r}"
    assert "\n" not in str(failure)
    return failure.exit_code


def held_to_its_word(lake: Path, stripe_: Sandbox, there: list[Row]) -> None:
    """Whatever happened, the lake says nothing false about the rows that were there to be seen."""
    if (lake / "_stripe_balance" / "state").exists():
        missing_then = {row["id"] for row in truth(stripe_)} - {row["id"] for row in there}
        honest(lake, truth(stripe_), but_for=missing_then)
    if lake.exists():
        assert strays(lake) == []


def healed(lake: Path, stripe_: Sandbox, *, reread: bool, **options: Any) -> None:
    """A run without faults ends in the bytes of one that never met any."""
    stripe_.faults.clear()
    run(lake, stripe_, full_refresh=reread, **options)
    assert objects(lake) == truth(stripe_)
    assert data_files(lake) == undisturbed(stripe_, **options)
    assert strays(lake) == []


_UNDISTURBED: dict[object, dict[str, str]] = {}


def undisturbed(stripe_: Sandbox, **options: Any) -> dict[str, str]:
    """The files of a run that met no fault; worlds of one size and one time are the same."""
    kind = (stripe_.now, len(truth(stripe_)), tuple(sorted(options.items())))
    if kind not in _UNDISTURBED or len(truth(stripe_)) not in {500, ROWS}:
        with TemporaryDirectory() as fresh:
            run(Path(fresh), stripe_, **options)
            _UNDISTURBED[kind] = data_files(Path(fresh))
    return _UNDISTURBED[kind]


def ordered(kind: str, when: str) -> str:
    """The order for a fault; it befalls the list alone, as what a refusal of the account means is another matter."""
    where = "" if kind in STANDING else "endpoint=balance_transactions,"
    return f"{kind}:{where}{when}{OPTIONS.get(kind, '')}"


LONG = "k=4,times=100"
"""More often than anybody tries again."""


def cases() -> list[Any]:
    """Each kind of fault, and when it befalls; `make test` tries each kind once, at its smallest."""
    orders = {kind: ["p=0.2"] for kind in STANDING} | {"hot-second": ["k=1"]}
    orders |= {kind: ["every=3"] for kind in ALTERED} | {kind: ["k=1", LONG] for kind in KINDS if outcomes(kind) != {0}}
    driven = [kind for kind in KINDS if kind not in APART]
    found = {kind: orders.get(kind, ["every=3", "k=1", LONG]) for kind in driven}
    smallest = [(kind, "k=1" if "k=1" in whens else whens[0]) for kind, whens in found.items()]
    return slow_but(smallest, [(kind, when) for kind, whens in found.items() for when in whens])


@pytest.mark.parametrize(("kind", "when"), cases())
def test_each_fault_of_the_list_leaves_the_right_lake_or_one_right_error_and_the_next_run_heals(tmp_path, kind, when):
    with sandbox(world(ROWS, days=4)) as stripe_:
        there = truth(stripe_)
        stripe_.faults.add(ordered(kind, when))
        if kind == "gone-rows":
            seen = listed(stripe_)
            there = [row for row in there if row["id"] in seen]
        settings = EAGER if kind != "hang" else IMPATIENT if when == LONG else UNTIL_HUNG
        status = status_of(tmp_path, stripe_, settings, since=START)
        assert status in outcomes(kind) | ({75} if when == LONG else set())
        assert stripe_.stats()["faults"][0]["fired"] or kind in STANDING | UNLESS_MET | MISPLACED
        if status == 0 and kind not in ALTERED:
            found = {row["id"]: row["created"] for row in objects(tmp_path)}
            assert {row["id"]: row["created"] for row in there}.items() <= found.items()
        held_to_its_word(tmp_path, stripe_, there)
        healed(tmp_path, stripe_, reread=kind in ALTERED | UNSEEN)


def listed(stripe_: Sandbox) -> set[str]:
    """What the sandbox lists just now, asked for by another client."""
    import stripe as sdk  # noqa: PLC0415 - takes a while, and one test needs it

    client = sdk.StripeClient(stripe_.key, base_addresses={"api": stripe_.url})
    return {row.id for row in client.v1.balance_transactions.list({"limit": 100}).auto_paging_iter()}


def test_every_kind_of_fault_says_what_it_is():
    assert {
        "hot-second",
        "gone-rows",
        "clock-moves",
        *REFUSED,
        *BROKEN,
        *UNLESS_MET,
        *MISPLACED,
        *OPTIONS,
        *APART,
    } <= KINDS.keys()
    assert all(re.fullmatch(r"[a-z0-9-]+", kind) and text for kind, (text, _) in KINDS.items())


@pytest.mark.parametrize("reason", slow_but(REASONS[:2], REASONS))
def test_a_429_of_any_reason_costs_time_and_no_row(tmp_path, reason):
    with sandbox(world(ROWS, days=4), faults=[f"rate-limit:every=3,reason={reason}"]) as stripe_:
        report = run(tmp_path, stripe_, settings=EAGER)
        assert report.requests.limited[reason] > 0
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("status", slow_but(["500", "409"], ["500", "502", "503", "409"]))
def test_stripes_word_on_whether_to_try_again_is_taken(tmp_path, status):
    with sandbox(
        world(ROWS, days=4), faults=[f"{status}:endpoint=balance_transactions,k=2,should_retry=false"]
    ) as stripe_:
        assert status_of(tmp_path, stripe_, EAGER) == 75
        assert sum(one["fired"] for one in stripe_.stats()["faults"]) == 1
        held_to_its_word(tmp_path, stripe_, truth(stripe_))
        healed(tmp_path, stripe_, reread=False)


@pytest.mark.parametrize("ties", slow_but(TIES[-1:], TIES))
@pytest.mark.parametrize("quirk", slow_but([True], [True, False]))
def test_500_rows_in_one_second_come_once_each_under_every_order_of_ties(tmp_path, ties, quirk):
    with sandbox(faults=[f"hot-second:rows=500,ties={ties}", *(["boundary-quirk"] if quirk else [])]) as stripe_:
        report = run(tmp_path, stripe_, settings={"max_in_flight": 40})
        assert report.accounts[0].rows_new == 1_300
        assert objects(tmp_path) == truth(stripe_)
        healed(tmp_path, stripe_, reread=False)


# In mixtures ----------------------------------------------------------------------------------------------------------

_when = st.one_of(
    st.integers(1, 25).map(lambda k: f"k={k}"),
    st.tuples(st.integers(1, 12), st.integers(1, 9)).map(lambda pair: f"k={pair[0]},times={pair[1]}"),
    st.integers(2, 9).map(lambda every: f"every={every}"),
    st.sampled_from(["p=0.05", "p=0.2"]),
)


@st.composite
def orders(draw: st.DrawFn) -> str:
    """Any fault, at any time."""
    kind = draw(st.sampled_from(sorted(KINDS.keys() - {"gone-rows"} - APART)))
    when = "p=0.3" if kind in STANDING else "k=1" if kind == "hot-second" else draw(_when)
    if kind == "hang":
        when += ",times=2"
    return ordered(kind, when)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mixtures=st.lists(st.lists(orders(), min_size=1, max_size=4), min_size=1, max_size=2),
    form=st.sampled_from(["parquet", "jsonl"]),
    partition=st.sampled_from(["day", "month"]),
    later=st.sampled_from([0, 3_600, 3 * DAY]),
)
@example(  # a crowded second, read over pages of which one has a field that nobody knows
    mixtures=[
        ["403:endpoint=balance_transactions,every=2", "reset:endpoint=balance_transactions,every=6"],
        [
            "drops-account:p=0.3",
            "hot-second:endpoint=balance_transactions,k=1",
            "heavy-page:endpoint=balance_transactions,k=6",
            "unknown-field:endpoint=balance_transactions,k=20",
        ],
    ],
    form="jsonl",
    partition="day",
    later=0,
)
@example(  # the end of time is read again, as its connection was not to be trusted
    mixtures=[
        [
            "502:endpoint=balance_transactions,k=16",
            "clock-moves:endpoint=balance_transactions,k=12,seconds=40000",
            "stray:endpoint=balance_transactions,every=5",
            "huge-amount:endpoint=balance_transactions,k=11,times=6",
        ],
    ],
    form="jsonl",
    partition="month",
    later=3_600,
)
def test_in_any_mixture_of_faults_nothing_false_is_said_and_a_clean_run_heals(mixtures, form, partition, later):
    options = {"format": form, "partition": partition}
    with TemporaryDirectory() as folder, sandbox(world(500, days=4)) as stripe_:
        lake = Path(folder) / "lake"
        for mixture in mixtures:
            there = truth(stripe_)
            for order in mixture:
                stripe_.faults.add(order)
            assert status_of(lake, stripe_, IMPATIENT, **options) in {0, 1, 65, 75, 77}
            held_to_its_word(lake, stripe_, there)
            stripe_.faults.clear()
            stripe_.advance(later)
        kinds = {order.partition(":")[0] for mixture in mixtures for order in mixture}
        healed(lake, stripe_, reread=bool(kinds & (ALTERED | UNSEEN)), **options)


def test_a_hang_of_any_length_is_ended_by_a_timeout(tmp_path):
    with sandbox(world(300), faults=["hang:every=1"]) as stripe_:
        assert status_of(tmp_path / "lake", stripe_, IMPATIENT) == 75
        assert not (tmp_path / "lake").exists()
    with sandbox(world(300), faults=["slow:every=1,seconds=3000"]) as stripe_:
        assert status_of(tmp_path / "lake", stripe_, IMPATIENT) == 75
