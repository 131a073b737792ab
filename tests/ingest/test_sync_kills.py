"""The command killed with -9 at random moments, and run again: the same bytes in the end."""

from __future__ import annotations

import pytest

from tests.benchmarks.kills import measure


@pytest.mark.slow
def test_killed_again_and_again_the_command_ends_in_the_bytes_of_an_undisturbed_load(capsys):
    right = measure(20_000, 4, each=2, latency=0.01, rate=300.0)
    said = capsys.readouterr().out
    assert right, said
    assert said.count("bytes the same, 0 strays") >= 2
