"""A mapped backfill of Airflow behind Stripe's limiter, with a real scheduler: four tasks at once on one lake.

`python -m tests.airflow.live.at_limit`, in an environment with Airflow 3, prints what it took as JSON.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from connector.config.config import DEFAULT_RATE
from tests.airflow.live.airflow_here import EXAMPLES, Airflow, airflow
from tests.support.behind_limit import LIMIT, Reading, history, read_by_one, reading_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from connector.sandbox import Sandbox

SLOTS = 4
BUDGET = f"budget={DEFAULT_RATE:g},"
"""What the example says of the rate."""

PATIENCE = 1_200.0
DAG = "stripe_backfill"


@contextmanager
def backfilling(
    folder: Path, served: Sandbox, lake: str, *, rate: float = DEFAULT_RATE, migrated: Path | None = None, **extra: str
) -> Generator[Airflow]:
    """An Airflow with its scheduler and servers, that has the example of a backfill into a lake.

    Args:
        folder: where everything is.
        served: whom to ask.
        lake: where to.
        rate: requests per second that the tasks share.
        migrated: a database with all tables; None to make one.
        extra: what else its processes have set.
    """
    dags = folder / "dags"
    dags.mkdir(parents=True)
    example = (EXAMPLES / f"{DAG}.py").read_text("utf-8")
    assert BUDGET in example
    (dags / f"{DAG}.py").write_text(example.replace(BUDGET, f"budget={rate:g},"), "utf-8")
    given = {"STRIPE_LAKE": lake, "AIRFLOW__CORE__PARALLELISM": str(SLOTS), **extra}
    with airflow(folder / "airflow", dags, **given) as one:
        one.begin(key=served.key, api_base=served.url, migrated=migrated)
        one.start()
        one.wait_for(lambda: one.rows("select dag_id from dag where dag_id = ?", DAG), seconds=PATIENCE)
        yield one


def backfill(here: Airflow, served: Sandbox) -> Reading:
    """Run the backfill to its end, and return what the server saw of it."""
    served.reset_stats()
    here.api("PATCH", f"/dags/{DAG}", {"is_paused": False})
    run = here.api("POST", f"/dags/{DAG}/dagRuns", {"logical_date": None})["dag_run_id"]
    path = f"/dags/{DAG}/dagRuns/{run}"
    state = here.wait_for(
        lambda: (now := here.api("GET", path)["state"]) in {"success", "failed"} and now, seconds=PATIENCE
    )
    assert state == "success", here.states(DAG)
    return reading_of(served)


def main() -> None:
    """Have one process and mapped tasks read the same in turn, both at the limiter's rate, and print what each took."""
    with tempfile.TemporaryDirectory() as folder, history() as served:
        place = Path(folder)
        one = read_by_one(served, str(place / "one"), "--rate", f"{LIMIT:g}")
        with backfilling(place / "limit", served, str(place / "tasks"), rate=LIMIT) as here:
            tasks = backfill(here, served)
    print(json.dumps({"one": asdict(one), "tasks": asdict(tasks)}))


if __name__ == "__main__":
    main()
