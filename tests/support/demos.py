"""Demos that are over soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.commands import demo
from connector.cli.process.sandbox_process import World

if TYPE_CHECKING:
    import pytest

ROWS = 400


def few_rows(monkeypatch: pytest.MonkeyPatch, *, days: int = 20) -> None:
    """A new demo has some days of rows instead of a year: the size of a demo is no option, and a year takes a while."""
    monkeypatch.setattr(demo, "_fresh", lambda end: World(transactions=ROWS, start=end - days * 86_400, end=end))
