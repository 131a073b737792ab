"""An id that came for two accounts is found, also where not all of them are remembered."""

from __future__ import annotations

import pytest

from connector.core.state.claims import Claims
from connector.errors import ProtocolError


def ids(first: int, last: int) -> list[str]:
    return [f"txn_{number}" for number in range(first, last)]


def test_an_id_that_comes_again_for_its_account_is_no_clash_and_for_another_is():
    claims = Claims()
    assert list(claims.clashes("a", ids(0, 9))) == []
    assert list(claims.clashes("a", ids(0, 9))) == []
    assert list(claims.clashes("b", [*ids(20, 22), "txn_3", "txn_5"])) == [("txn_3", "a"), ("txn_5", "a")]
    with pytest.raises(ProtocolError, match="txn_20 came for c as well as for b"):
        claims.take("c", ["txn_20"])
    claims.take("b", ["txn_20"])


def remembered(claims: Claims, names: list[str]) -> set[str]:
    """Which of some ids that came for `a` are known to have done so."""
    return {name for name, _ in claims.clashes("b", names)}


@pytest.mark.parametrize("most", [64, 100, 1_000])
def test_no_more_are_remembered_than_may_be_and_some_always_are(most):
    claims = Claims(most=most)
    claims.take("a", ids(0, 5_000))
    claims.take("a", ids(5_000, 9_000))
    assert 0 < len(remembered(claims, ids(0, 9_000))) <= most


def test_as_long_as_there_is_room_all_are_remembered():
    claims = Claims(most=50)
    claims.take("a", ids(0, 50))
    assert remembered(claims, ids(0, 50)) == {*ids(0, 50)}


def test_whether_an_id_is_remembered_depends_on_the_ids_alone_and_not_on_their_order():
    one, other = Claims(most=64), Claims(most=64)
    one.take("a", ids(0, 1_000))
    for number in reversed(range(1_000)):
        other.take("a", [f"txn_{number}"])
    assert remembered(one, ids(0, 1_000)) == remembered(other, ids(0, 1_000))
