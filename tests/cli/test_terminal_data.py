"""Data on a terminal steers it no more than words do, and stays the same data; in a pipe it is as it is."""

from __future__ import annotations

import io
import json
import sys

import pytest

from connector.cli.display.console import Console

ROW = {"description": "paid\x1b[2J\x9b\u202e\x7f then"}


class Stdout(io.TextIOWrapper):
    def __init__(self, *, terminal):
        super().__init__(io.BytesIO(), "utf-8", write_through=True)
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_data_is_printable_on_a_terminal_and_the_same_everywhere(monkeypatch, terminal):
    stdout = Stdout(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", stdout)
    data = json.dumps(ROW, ensure_ascii=False).encode() + b"\n"
    Console().data(data)
    told = stdout.buffer.getvalue()
    assert json.loads(told) == ROW
    assert told.decode().rstrip("\n").isprintable() == terminal
    assert (told == data) != terminal
