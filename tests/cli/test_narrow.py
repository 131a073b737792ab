"""Tables that a terminal has no room for are shown otherwise, rather than broken in the middle."""

from __future__ import annotations


def test_a_balance_has_its_buckets_above_their_amounts_where_there_is_little_room(shown):
    wide, narrow = shown("balance", columns=120), shown("balance", columns=44)
    assert wide[0].split() == ["bucket", "amount", "of", "which"]
    assert narrow[0] == "available"
    assert all(len(line) <= 44 for line in narrow)
    assert [word for line in wide[1:] for word in line.split()] == [word for line in narrow for word in line.split()]
