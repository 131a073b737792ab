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


def test_a_large_document_is_written_in_pieces_and_is_the_same(monkeypatch):
    pieces = []

    class Pieces(io.BytesIO):
        def write(self, data, /):
            pieces.append(bytes(data))
            return len(data)

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Pieces(), "utf-8"))
    document = {"accounts": [{"name": f"acct_{number}", "sums": [number, {}, [], None]} for number in range(5_000)]}
    Console().json_text(document)
    assert b"".join(pieces).decode() == json.dumps(document, indent=2) + "\n"
    assert len(pieces) > 1
    pieces.clear()
    Console().json_text({"few": 1})
    assert pieces == [b'{\n  "few": 1\n}\n']
