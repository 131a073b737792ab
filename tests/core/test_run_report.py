"""How far a run is: nothing before it begins, and what several accounts have left is added up."""

from __future__ import annotations

from math import inf

from connector.core.run_report import Progress


def test_before_anything_has_come_nothing_is_counted():
    progress = Progress()
    counted = ("accounts", "accounts_done", "rows", "pages", "windows_open", "files_sealed", "rows_safe", "steps")
    assert {getattr(progress, name) for name in (*counted, "steps_done", "rate_limit")} == {0}
    assert progress.pages_left == inf


def test_what_accounts_have_left_is_added_up_until_they_are_done():
    progress = Progress()
    progress.show("one", 2, 5.0)
    progress.show("other", 3, 7.5)
    assert (progress.windows_open, progress.pages_left) == (5, 12.5)
    progress.forget("one")
    progress.show("other", 1, 1.0)
    assert (progress.windows_open, progress.pages_left) == (1, 1.0)
    progress.begin("auditing", 4)
    assert (progress.phase, progress.steps, progress.steps_done) == ("auditing", 4, 0)
