"""What the figures are held to, line by line."""

from __future__ import annotations

from tests.benchmarks.figures import Goal

MEMORY = {"parquet": 150, "arrow": 150, "jsonl": 150, "delta": 180, "iceberg": 230}
"""Megabytes at most, by format; the last two import more."""

GROWN = ("load", "second run", "status", "verify", "state on the disk")
"""What may not grow faster than days, or accounts, do."""

BENT = 1.15
"""Where the next unit costs this much more at the large sizes than at the small ones, growth is not called linear."""

GOALS = [
    Goal("parquet/script", "cpu-parquet", "CPU a row, Parquet, beside the script", "x", most=0.75),
    Goal("parquet/before", "cpu-parquet", "CPU a row, Parquet, beside before", "x", most=0.66),
    Goal("jsonl/script", "cpu-jsonl", "CPU a row, JSON lines, beside the script", "x", most=0.50),
    Goal("jsonl/before", "cpu-jsonl", "CPU a row, JSON lines, beside before", "x", most=0.48),
    Goal("file/before", "small-files", "CPU of one file of 1 to 100 rows, beside before", "x", most=0.5),
    Goal("verify/before", "verify", "CPU of verify of 3,000,000 rows, layer rows, beside before", "x", most=0.4),
    *(
        goal
        for form, most in MEMORY.items()
        for goal in (
            Goal(f"memory/{form}", "memory", f"peak memory at the largest of all sizes, {form}", "MB", most=most),
            Goal(f"memory/{form}/flat", "memory", f"largest over smallest peak of all sizes, {form}", "x", most=1.10),
        )
    ),
    Goal("requests", "limit-simulated", "requests, least is rows / 100, worst of four shapes", "x least", most=1.02),
    Goal("time/25", "limit-simulated", "time at 25/s and 600 ms, worst of four shapes", "x T", most=1.03),
    Goal("time/100", "limit-simulated", "time at 100/s and 150 ms, worst of four shapes", "x T", most=1.05),
    Goal("time/25/burst", "limit-simulated", "half the rows in one day, 25/s and 600 ms", "x T", most=1.08),
    Goal("time/100/burst", "limit-simulated", "half the rows in one day, 100/s and 150 ms", "x T", most=1.08),
    Goal("real/25", "limit-real", "a real run at 25/s and 600 ms", "x T", most=1.05),
    Goal("real/100", "limit-real", "a real run at 100/s and 150 ms", "x T", most=1.08),
    Goal("second/before", "hot-second", "time of a second with 10,000 rows, beside before", "x", most=0.5),
    Goal("accounts", "accounts", "2,000 accounts of uneven size under one pace, of the limit", "%", least=98.0),
    Goal(
        "airflow-tasks",
        "airflow-tasks",
        "four mapped tasks of Airflow beside one process, at 25/s",
        "x",
        most=1.15,
        worsens=False,
    ),
    Goal(
        "spark-tasks",
        "spark-tasks",
        "four partitions of Spark beside one process, at 25/s",
        "x",
        most=1.15,
        worsens=False,
    ),
    Goal("spark-accounts", "spark-accounts", "2,000 accounts over a cluster of Spark, of the limit", "%", least=90.0),
    Goal("first", "startup", "start to first request", "s", most=0.35),
    Goal("help", "startup", "--help", "s", most=0.07),
    *(
        Goal(f"growth/{unit}/{what}", "growth", f"{what}, with more {unit}: late over early cost", "x", most=BENT)
        for unit in ("days", "accounts")
        for what in GROWN
    ),
]
