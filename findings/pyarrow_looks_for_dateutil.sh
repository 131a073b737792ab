#!/usr/bin/env bash
# pyarrow looks for dateutil through the whole path each time that it guesses a type, where that is not installed.
#
# One would expect: comparing a column with "usd" costs little more than comparing it with pa.scalar("usd", pa.string()),
#   and what is not installed is looked for once.
# What is true: whoever has neither pandas nor dateutil, which pyarrow does not ask for, pays for an import that fails
#   at each value without a type. Python remembers no failure, so it searches all folders again: some twenty times what
#   the comparison of a hundred values takes. A value with its type is not guessed, and nothing is imported.
# Version: pyarrow 26.0.1.
# Source: none known; `import dateutil.relativedelta` is tried for intervals of months, which any value might be.
# What is lost: time. A program that does a few such comparisons for each file of a lake spends a third of it there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1
venv/bin/python - <<'PY'
import builtins
import timeit

import pyarrow as pa
import pyarrow.compute as pc

column = pa.array(["usd", "eur"] * 50, pa.string())
typed = pa.scalar("usd", pa.string())
ways = {"a value with its type": lambda: pc.equal(column, typed), "a value without": lambda: pc.equal(column, "usd")}
for way in ways.values():
    way()

looked, ordinary = [], builtins.__import__


def looking(name, *rest, **more):
    looked.append(name)
    return ordinary(name, *rest, **more)


seen = {}
for name, way in ways.items():
    builtins.__import__ = looking
    for _ in range(3):
        way()
    builtins.__import__ = ordinary
    seen[name] = sum(module.startswith("dateutil") for module in looked)
    looked.clear()
took = {name: min(timeit.repeat(way, number=100, repeat=7)) for name, way in ways.items()}
print("pyarrow", pa.__version__)
print("three comparisons with each: expected no search for what a comparison of texts does not need")
for name, times in seen.items():
    print(f"seen, {name}: dateutil looked for {times} times")
print(f"seen: without a type it takes {took['a value without'] / took['a value with its type']:.0f} times as long")
raise SystemExit(list(seen.values()) != [0, 3])
PY
