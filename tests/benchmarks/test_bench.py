"""The table of goals, its figures and its page: told from numbers, without measuring anything."""

from __future__ import annotations

import os
import random
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from connector.core.api.pace import Pace
from tests.benchmarks import bench, cores, engines
from tests.benchmarks.cpu import rows_in
from tests.benchmarks.drawing import curves
from tests.benchmarks.figures import Figure, Goal, Line, Missing, bend, in_turn, lines_of, plain, ratios
from tests.benchmarks.goals import GOALS
from tests.benchmarks.kept import Measured, Series, kept_in, state_here
from tests.benchmarks.memory import FULL, FULL_DAY, figures_of
from tests.benchmarks.page import MEMORY, RATIOS, page_of, rest_of
from tests.benchmarks.peers import BEFORE, NOW, Bench, world
from tests.benchmarks.served import ROOT, Served
from tests.benchmarks.simulate import LIST, Even, first_load, simulate, uniform, worst_of

HALF = Goal("half", "some", "half as much", "x", most=0.5)
MOST = Goal("most", "some", "nearly all", "%", least=98.0)


def line(goal: Goal, *samples: float, at: str = "") -> Line:
    return Line(goal, Figure(goal.key, samples, at=at))


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (HALF, 0.5, "holds"),
        (HALF, 0.5001, "does not hold"),
        (MOST, 98.0, "holds"),
        (MOST, 97.99, "does not hold"),
    ],
)
def test_a_goal_holds_up_to_its_bound(goal, value, verdict):
    assert line(goal, value).verdict == verdict


def test_a_figure_is_its_median_and_what_is_beyond_it_is_the_spread():
    one = line(HALF, 0.4, 9.0, 0.45, 0.41, 0.2)
    assert one.figure is not None
    assert (one.figure.value, one.verdict, one.value) == (0.41, "holds", "0.41 x (0.20 to 9.00)")


def test_one_sample_has_no_spread():
    assert line(HALF, 0.4).value == "0.40 x"


def test_a_smaller_size_proves_nothing_of_the_goals_own_but_may_disprove_it():
    assert line(HALF, 0.4, at="100 rows").verdict == "holds at 100 rows"
    assert line(HALF, 0.6, at="100 rows").verdict == "does not hold at 100 rows"
    assert plain(line(HALF, 0.6, at="100 rows")).endswith("does not hold at 100 rows")


def test_a_goal_without_a_figure_says_why():
    lines = lines_of([HALF, MOST], [Figure("half", (0.4,)), Missing("most", "there are no accounts")])
    assert [one.verdict for one in lines] == ["holds", "not measured: there are no accounts"]
    assert lines_of([HALF], [], "the server did not start")[0].verdict == "not measured: the server did not start"


@pytest.mark.parametrize(("worsens", "value", "told"), [(True, 0.4, True), (True, 0.6, False), (False, 0.4, False)])
def test_what_holds_on_a_busy_machine_holds_where_that_can_only_make_it_worse(worsens, value, told):
    goal = replace(HALF, worsens=worsens)
    busy = Line(goal, Figure(goal.key, (value,)), busy=True)
    assert busy.is_told == told
    assert busy.verdict == ("holds" if told else "not told: others kept the machine busy")
    page = page_of([goal], {"some": Measured([busy.figure], "abcdef0", "", "", busy=True)}, before="d1449a3")
    assert (f"| {value:.2f} x |" in page["benchmarks.md"]) == told


@pytest.mark.parametrize("keys", [["other"], ["half", "half"]])
def test_a_figure_of_no_goal_and_two_of_one_are_refused(keys):
    with pytest.raises(ValueError, match="without a goal, or twice"):
        lines_of([HALF], [Figure(key, (1.0,)) for key in keys])


def test_ratios_are_taken_round_by_round():
    assert ratios([1.0, 4.0], [2.0, 2.0]) == (0.5, 2.0)
    with pytest.raises(ValueError, match="longer"):
        ratios([1.0], [1.0, 2.0])


@pytest.mark.parametrize("peers", [["before", "now"], ["script", "before", "now"]])
def test_every_peer_comes_first_in_turn_and_last_as_often(peers):
    rounds = [in_turn(peers, number) for number in range(6)]
    assert all(sorted(one) == sorted(peers) for one in rounds)
    for place in (0, -1):
        assert set(Counter(one[place] for one in rounds).values()) == {6 // len(peers)}


def test_each_is_taken_once_a_round_in_alternating_order():
    called = []
    takes = {name: lambda name=name: called.append(name) or float(len(called)) for name in ("before", "now")}
    took = Bench(rounds=2).alternating(takes)
    assert called == ["before", "now", "now", "before"]
    assert took == {"before": [1.0, 4.0], "now": [2.0, 3.0]}


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(lambda n: 5 + 3 * n, 1.0), (lambda n: n * n, 2.0), (lambda n: 5 + n**0.6, 0.758)],
)
def test_growth_is_told_from_three_sizes_whatever_a_start_costs(cost, expected):
    assert bend([100.0, 200.0, 400.0], [cost(n) for n in (100, 200, 400)]) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("costs", [[3.0, 3.0, 5.0], [3.0, 3.1, 3.2]])
def test_a_cost_that_is_lost_in_noise_is_not_called_linear(costs):
    with pytest.raises(ValueError, match="too little to tell"):
        bend([1.0, 2.0, 4.0], costs)


@pytest.mark.parametrize(("shares", "busy"), [([1.0, 0.96], False), ([1.0, 0.94], True), ([0.5], True)])
def test_seconds_of_a_busy_machine_are_shown_but_not_judged_and_ratios_are(capsys, shares, busy):
    found = {"accounts": Figure("accounts", (25.0,)), "hot-second": Figure("second/before", (0.4,))}
    kept = {}
    for name, figure in found.items():
        (told,), kept[name] = bench.measured(
            Bench(), name, lambda _, figure=figure: [figure], is_busy=lambda: bench.is_starved(shares)
        )
        held = {"accounts": "not told: others kept the machine busy" if busy else "does not hold"}
        assert told.verdict == held.get(name, "holds")
    assert "25.0 %" in capsys.readouterr().out
    page = page_of(GOALS, kept, before="d1449a3")["benchmarks.md"]
    assert ("25.0 %" in page) == (not busy)
    assert "| 0.40 x | ≤ 0.5 x | holds |" in page


def test_what_a_core_gives_is_a_share_of_it():
    assert all(0 < share <= 1.1 for share in bench.shares_of_cores(2))


def test_goals_have_names_of_their_own_and_a_scenario_that_measures_them():
    assert len({goal.key for goal in GOALS}) == len(GOALS)
    assert {goal.scenario for goal in GOALS} == set(bench.SCENARIOS)


def test_the_bench_runs_the_scripts_that_measure_what_has_no_goal():
    assert {"absence", "kills", "month", "simulate"} <= set(bench.scripts())
    assert not set(bench.scripts()) & {"afternoon", "bench", "figures", "paced", "served", "test_bench"}


def test_a_script_is_run_by_its_name(monkeypatch):
    ran = []
    monkeypatch.setattr(sys, "argv", ["bench", "month"])  # main changes it, as the script is to find it
    # The scripts take minutes: that one is run, and how it is called, is what is looked at.
    monkeypatch.setattr(bench.runpy, "run_path", lambda path, run_name: ran.append((Path(path).name, run_name)))
    assert bench.main() == 0
    assert ran == [("month.py", "__main__")]
    assert sys.argv == ["month"]


def test_a_scenario_that_fails_is_told_and_leaves_the_others_alone(tmp_path, capsys):
    def fails(_: Bench) -> list[Figure]:
        raise RuntimeError("sync ended with 74")

    scenarios = {"verify": fails, "hot-second": lambda _: [Figure("second/before", (0.4,))]}
    assert bench.main([], scenarios, tmp_path) == 1
    said = capsys.readouterr().out
    assert "not measured: failed: sync ended with 74" in said
    assert "1 were measured" in said
    assert set(kept_in(tmp_path)) == {"hot-second"}


def test_one_scenario_writes_nothing_unless_it_is_to_be_kept(tmp_path, capsys):
    scenarios = {"verify": lambda _: [Figure("verify/before", (0.41, 0.39, 0.4), "9 rows", "a word")]}
    assert bench.main(["verify"], scenarios, tmp_path) == 0
    assert list(tmp_path.iterdir()) == []
    assert bench.main(["verify", "--keep", "--rounds", "3"], scenarios, tmp_path) == 0
    kept = kept_in(tmp_path)["verify"]
    assert kept.found == scenarios["verify"](None)
    assert kept.how.removesuffix(", lakes in memory") == "3 rounds, the smaller sizes"
    assert bench.main(["verify", "--keep"], {"verify": lambda _: [Figure("nothing", (1.0,))]}, tmp_path) == 1
    assert kept_in(tmp_path)["verify"] == kept
    assert "0 were measured" in capsys.readouterr().out


def test_a_page_has_what_was_measured_last_of_each_and_what_is_written_by_hand_stays(tmp_path):
    words = ["--before", "d1449a34ae1d"]
    (tmp_path / "benchmarks.md").write_text("old\n\n## What was tried\n\nThis and that.\n")
    for value in (0.3, 0.4):
        scenarios = {"hot-second": lambda _, value=value: [Figure("second/before", (value,))]}
        assert bench.main(words, scenarios, tmp_path) == 0
    assert (
        bench.main([*words, "verify", "--keep"], {"verify": lambda _: [Missing("verify/before", "no")]}, tmp_path) == 0
    )
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert "commit d1449a3," in page
    assert f"| 0.40 x | ≤ 0.5 x | holds | {state_here()} |" in page
    assert "| not measured: no |" in page
    assert "| not measured: not yet |" in page
    assert "0.30 x" not in page
    assert page.endswith("\n\n## What was tried\n\nThis and that.\n")


def test_the_page_of_this_project_is_that_of_what_is_kept():
    docs = ROOT / "docs"
    page = (docs / "benchmarks.md").read_text("utf-8")
    before = page.partition("commit ")[2][:7]
    assert page_of(GOALS, kept_in(docs), before=before, rest=rest_of(page))["benchmarks.md"] == page


def test_a_scenario_that_is_not_there_is_refused_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        bench.main(["cpu-parket"])
    assert "cpu-parquet" in capsys.readouterr().err


def test_the_code_before_is_never_that_of_the_checkout():
    server = Served("http://127.0.0.1:9", "sk_test_51bench")
    assert "PYTHONPATH" not in BEFORE.environment(server)
    assert NOW.environment(server)["PYTHONPATH"] == str(ROOT)
    assert BEFORE.environment(server)["STRIPE_API_KEY"] == server.key
    assert not {name for name in BEFORE.environment(None) if name.startswith("STRIPE_")}


def test_two_processes_have_a_core_each_where_there_are_two():
    assert cores.divided({3, 5, 9}) == ({3}, {9})
    assert cores.divided({3}) == (set(), set())


@pytest.mark.skipif(not cores.CAN_CHOOSE, reason="the system chooses the cores")
def test_what_is_started_on_a_core_leaves_the_rest_where_it_was():
    before = os.sched_getaffinity(0)
    with cores.only_on({min(before)}):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


def test_a_world_is_the_same_each_time():
    options = world(1_000, 10, shape="burst")
    assert options == world(1_000, 10, shape="burst")
    assert (options["transactions"], options["shape"], options["rate"]) == (1_000, "burst", 0)
    assert int(str(options["clock"])) > int(str(options["end"])) > int(str(options["start"]))


def test_rows_are_counted_in_what_the_script_prints_and_in_a_report():
    assert rows_in("50000\n") == rows_in('{"accounts": [{"lake_rows": 49999}, {"lake_rows": 1}]}') == 50_000


def test_the_peak_is_the_largest_and_flat_is_how_much_more_than_the_smallest():
    peak, flat = figures_of("parquet", {"100": 100.0, "300": 125.0, "200 in a day": 110.0}, "300 rows")
    assert (peak.samples, flat.samples) == ((125.0,), (1.25,))
    assert "110 MB at 200 in a day" in peak.note


# The simulation -------------------------------------------------------------------------------------------------------


def test_the_worst_shape_is_the_figure_and_every_shape_is_told():
    figure = worst_of("requests", {"uniform": [1.0, 1.1, 1.05], "growth": [1.2, 1.0, 1.06]})
    assert figure.value == 1.06
    assert figure.note == "uniform 1.050, growth 1.060"


def test_an_even_pace_lets_one_go_after_the_other_and_not_too_many_at_once():
    pace = Even(10.0, 0.6)
    assert pace.wait(LIST, 5.0) == 0.0
    pace.start(LIST, 5.0)
    assert pace.wait(LIST, 5.0) == pytest.approx(0.1)
    for _ in range(100):
        pace.start(LIST, 5.0)
    assert pace.wait(LIST, 1_000.0) == float("inf")


def test_the_clients_own_pace_is_never_faster_than_the_limit_in_a_simulation():
    rows = uniform(random.Random(1), 20_000)
    even = simulate(rows, likely_start=min(rows), seed=1, latency=0.6)
    own = simulate(rows, likely_start=min(rows), seed=1, latency=0.6, pace=Pace(25.0, 100.0, 40))
    assert own.hidden == even.hidden == 0
    assert own.seconds > own.requests / 25


def test_a_first_load_brings_every_row_of_an_account_and_costs_few_requests_more():
    outcome = first_load(uniform, 20_000, (100.0, 0.15), 3)
    assert outcome.hidden == 0
    assert 200 < outcome.requests < 230


# The page -------------------------------------------------------------------------------------------------------------

RATIO = Goal("parquet/script", "cpu-parquet", "CPU a row, <Parquet> & more", "x", most=0.75)
SERIES = {"memory, parquet": [(100.0, 149.0), (200.0, 151.0)], "other": [(1.0, 1.0)]}


def measured_of(*found: Figure, series: Series | None = None) -> dict[str, Measured]:
    return {"cpu-parquet": Measured(found, "abcdef0+", "5 rounds", "2 cores (x86_64)", series=series or {})}


def test_the_page_has_a_row_for_each_line_and_says_that_figures_are_ratios():
    figure = Figure(RATIO.key, (0.7, 0.8, 0.72), note="before is 1.1 x the script")
    files = page_of([RATIO, MOST], measured_of(figure, series=SERIES), before="d1449a3")
    page = files["benchmarks.md"]
    assert "| cpu-parquet | CPU a row, <Parquet> & more | 0.72 x (0.70 to 0.80) | ≤ 0.75 x | holds | abcdef0+ |" in page
    assert "| some | nearly all | - | ≥ 98 % | not measured: " in page
    assert "ratios within one run" in page
    assert "before is 1.1 x the script." in page
    assert {name for name in files if f"({name})" in page} == {RATIOS, MEMORY}


def test_drawings_are_well_formed_and_show_every_median_goal_and_point():
    files = page_of([RATIO], measured_of(Figure(RATIO.key, (0.7, 0.8, 0.72)), series=SERIES), before="d1449a3")
    ratios_drawn, memory_drawn = (ET.fromstring(files[name]) for name in (RATIOS, MEMORY))  # noqa: S314 - our own
    texts = [node.text for node in ratios_drawn.iter() if node.tag.endswith("text")]
    assert "0.72" in texts
    assert RATIO.what in texts
    circles = [node for node in memory_drawn.iter() if node.tag.endswith("circle")]
    assert len(circles) == 2


def test_each_curve_has_a_look_of_its_own_and_a_name_within_the_drawing():
    series = {f"a name of a curve, {number}": [(1.0, 1.0 + number), (2.0, 2.0)] for number in range(9)}
    root = ET.fromstring(curves("What", series, unit="MB"))  # noqa: S314 - our own
    ns = "{http://www.w3.org/2000/svg}"
    looks = {(one.get("stroke"), one.get("stroke-dasharray")) for one in root.iter(f"{ns}polyline")}
    assert len(looks) == len(series)
    _, _, width, height = (float(one) for one in root.attrib["viewBox"].split())
    named = [one for one in root.iter(f"{ns}text") if one.text in series]
    assert len(named) == len(series)
    assert all(float(one.attrib["x"]) + 9 * len(one.text or "") < width for one in named)
    assert all(0 < float(one.attrib["y"]) < height for one in named)


def test_a_page_without_ratios_has_no_drawing():
    files = page_of([MOST], {}, before="d1449a3")
    assert set(files) == {"benchmarks.md"}
    assert "![" not in files["benchmarks.md"]


def test_the_machine_is_told_in_general_words():
    said = bench.machine()
    assert "pyarrow" in said
    assert "/" not in said
    assert os.uname().nodename not in said


def test_engines_are_told_beside_one_process_and_of_the_limit_and_left_out_where_they_are_not_set_up(tmp_path):
    run = {
        "one": {"seconds": 100.0, "requests": 2_000, "refused": 3},
        "tasks": {"seconds": 110.0, "requests": 2_100, "refused": 2},
        "default": {"seconds": 120.0, "requests": 2_000, "refused": 0},
        "lists": 1_040,
    }
    beside = engines.figure_of("spark-tasks", [run])
    assert beside.value == pytest.approx(1.1)
    assert beside.note == "requests 1.050 x those of one process; 0 refused at the default pace"
    of_limit = engines.figure_of("spark-accounts", [run])
    assert of_limit.value == pytest.approx(100 * 2_100 / 25 / 110)
    assert of_limit.note == "one process beside it uses 80.0 %; 1,040 of 2,100 requests are lists, and all count"
    (missing,) = engines.scenario("airflow-tasks", Bench(), root=tmp_path)
    assert missing == Missing("airflow-tasks", "make .venv-airflow/.done sets up what it needs")


def test_the_readme_says_what_was_measured_last():
    measured = {
        one.key: one for each in kept_in(ROOT / "docs").values() for one in each.found if isinstance(one, Figure)
    }
    parquet, lines, time = (measured[key].value for key in ("parquet/script", "jsonl/script", "time/25"))
    memory = measured["memory/parquet"]
    size = memory.at or f"{max(FULL):,} rows, a day of {FULL_DAY:,} among them"
    (row,) = [one for one in (ROOT / "README.md").read_text("utf-8").splitlines() if one.startswith("| on the machine")]
    assert row == (
        f"| on the machine | {parquet:.2f} of the processor time of an afternoon's script to Parquet, {lines:.2f} to"
        f" JSON lines; {memory.value:.0f} MB for up to {size}; {time:.3f} of the least time at 25"
        " requests/s: `make bench` measures it |"
    )
