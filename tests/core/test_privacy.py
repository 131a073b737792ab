from __future__ import annotations

import pytest

from connector.core.privacy import KEPT, Privacy
from connector.errors import UsageError
from connector.tables.columnize import BALANCE_TRANSACTION


def test_a_choice_is_the_same_in_whatever_order_and_however_often_it_is_said():
    one = Privacy(("source.shipping", "description", "description"), ("source.customer",))
    assert one == Privacy(("description", "source.shipping"), ("source.customer",))
    assert one.of_lake() == {"omit": ["description", "source.shipping"], "hash": ["source.customer"]}
    assert Privacy.from_lake({**one.of_lake(), "expand": ["source"]}) == one
    assert not Privacy()
    assert Privacy().of_lake() == {}


@pytest.mark.parametrize("name", KEPT)
def test_what_a_ledger_cannot_do_without_is_neither_left_out_nor_hashed(name):
    for chosen in (Privacy, lambda names: Privacy(hash=names)):
        with pytest.raises(UsageError, match=f"cannot do without {name}"):
            chosen((name,))


def test_every_column_is_either_kept_or_can_be_left_out():
    spare = [name for name in BALANCE_TRANSACTION.tests if name not in KEPT]
    assert Privacy((*spare, "source_object", "extra"))


@pytest.mark.parametrize(
    ("omit", "hashed", "says"),
    [
        (("descripton",), (), "did you mean description"),
        (("billing_details",), (), "a path such as source.billing_details"),
        (("source.",), (), "neither a column nor a path"),
        ((".",), (), "neither a column nor a path"),
        (("",), (), "neither a column nor a path"),
        (("source.a\nb",), (), "neither a column nor a path"),
        (("source.id",), (), "take source and source_object as a whole"),
        (("fee_details.amount",), (), "or fee_details as a whole"),
        (("fee_details.a.b",), (), "or fee_details as a whole"),
        (("extra.description",), (), "write description"),
        (("description.text",), (), "name one of"),
        (("id",), (), "cannot do without id, nor without id, amount, .* net, status or type"),
        ((), ("exchange_rate",), "name one of description, source,"),
        ((), ("source_object",), "name one of description, source,"),
        (("description",), ("description",), "keep one of them"),
        (("source.shipping",), ("source.shipping.name",), "keep one of them"),
        (("fee_details", "fee_details.description"), (), "keep one of them"),
        (("extra", "extra.livemode"), (), "keep one of them"),
    ],
)
def test_a_name_that_cannot_be_meant_is_refused_with_what_can(omit, hashed, says):
    with pytest.raises(UsageError, match=says):
        Privacy(omit, hashed)


def test_the_id_in_source_and_the_object_behind_it_are_two_things():
    assert Privacy(("source_object", "source.shipping"), ("source",)).hides_source
