from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.core.ids import SPAN, IdCodec, tag_of

CODEC = IdCodec(7, "acct_one")
OTHER = IdCodec(7, "acct_two")
NUMBERS = st.integers(0, SPAN - 1)
PREFIXES = st.sampled_from(["txn_", "ch_", "pi_", "re_", "po_"])


@given(PREFIXES, NUMBERS)
def test_an_id_leads_back_to_its_number_in_its_own_account_only(prefix, number):
    value = CODEC.encode(prefix, number)
    assert CODEC.decode(value) == (prefix, CODEC.tag, number)
    assert OTHER.decode(value) is None
    assert tag_of(value) == CODEC.tag
    assert len(value) == len(prefix) + 24


@given(NUMBERS, PREFIXES, PREFIXES)
def test_an_id_cannot_be_turned_into_one_of_another_type(number, prefix, other):
    forged = other + CODEC.encode(prefix, number).removeprefix(prefix)
    assert (CODEC.decode(forged) is not None) == (prefix == other)


@given(st.text(max_size=40))
def test_no_other_text_is_an_id(text):
    assert CODEC.decode(text) is None


def test_ids_do_not_sort_by_number():
    ids = [CODEC.encode("txn_", number) for number in range(1_000)]
    rising = sum(first < second for first, second in itertools.pairwise(ids))
    assert 300 < rising < 700
    assert len(set(ids)) == 1_000
