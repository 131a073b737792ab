"""A statement of several accounts says first what holds for all of them: which are final, and their sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import anyio
import pytest

import connector
from connector.core.ledger.ledger import Purse
from connector.core.ledger.openings import Opening
from connector.core.ledger.together import together
from connector.reporting.statement import csv_text, page, text
from connector.reporting.statement.all_accounts import MOST_NAMED, all_together
from connector.reporting.statement.document import to_document
from tests.support.lakes import sandbox
from tests.support.statements import fill, world


@pytest.fixture(scope="module")
def stated(tmp_path_factory):
    lake = tmp_path_factory.mktemp("several") / "lake"
    with sandbox(world(300, connected=2)) as served:
        fill(lake, served, payouts=False, partition="month")
    return anyio.run(lambda: connector.statement(lake, month="2026-02"))


def many(stated, count, *, open_=0):
    """The last account so many times, the last few of them not final."""
    one = stated.accounts[-1]
    reasons = [()] * (count - open_) + [("1 row is pending",)] * open_
    names = [f"acct_{place:03}" for place in range(count)]
    accounts = tuple(replace(one, account=name, reasons=why) for name, why in zip(names, reasons, strict=True))
    return replace(stated, accounts=accounts)


def test_each_balance_and_currency_is_added_up_once_over_all_accounts(stated):
    sums: dict[Purse, Counter[str]] = {}
    for account in to_document(stated)["accounts"]:
        for one in account["balances"]:
            found = sums.setdefault(Purse(one["balance_type"], one["currency"]), Counter())
            found["opening"] += one["opening"]["amount"]
            found["closing"] += one["closing"]["amount"]
            for part in ("activity", "payouts"):
                for name in ("gross", "fee", "net"):
                    found[f"{part} {name}"] += one[f"{part}_total"][name]
    added = together(stated.accounts)
    assert {one.purse for one in added} == sums.keys()
    for one in added:
        expected = sums[one.purse]
        assert (one.opening, one.closing) == (expected["opening"], expected["closing"])
        for part in ("activity", "payouts"):
            for name in ("gross", "fee", "net"):
                assert getattr(getattr(one, part), name) == expected[f"{part} {name}"]
        assert one.opening + one.activity.net + one.payouts.net == one.closing


def test_text_and_page_say_it_before_the_first_account_and_only_of_several(stated):
    lines, first = list(text.to_lines(stated)), stated.accounts[0].account
    assert lines[3] == "3 accounts: 3 final"
    assert lines.index("  All accounts together") < next(n for n, line in enumerate(lines) if line.startswith(first))
    written = "".join(page.to_text(stated))
    assert written.index("All accounts together") < written.index(f"<h2>{first}")
    alone = replace(stated, accounts=stated.accounts[:1])
    assert all_together(alone) is None
    assert "together" not in "\n".join(text.to_lines(alone)) + "".join(page.to_text(alone))


def test_at_a_prompt_and_in_a_notebook_a_statement_is_one_line(stated):
    assert repr(stated) == f"<Statement of 2026-02 (UTC), {stated.destination}: 3 accounts, final>"
    assert repr(many(stated, 20, open_=2)).endswith(": 20 accounts, 18 of them final>")


def test_rows_of_csv_are_of_one_account_each_so_that_a_column_can_be_added_up(stated):
    assert "together" not in "".join(csv_text.to_text(stated))


def test_those_that_are_not_final_are_named_first_and_many_accounts_are_counted_again_at_the_end(stated):
    lines = list(text.to_lines(many(stated, 20, open_=MOST_NAMED + 2)))
    assert lines[3] == lines[-1] == "20 accounts: 10 final, 10 NOT FINAL"
    assert lines[4] == "  acct_010 is not final: 1 row is pending"
    assert lines[4 + MOST_NAMED] == "  and 2 more, account by account below"
    written = "".join(page.to_text(many(stated, 20, open_=1)))
    assert '<p class="badge look">! 20 accounts: 19 final, 1 NOT FINAL</p>' in written


def test_a_period_in_which_no_balance_is_known_says_all_the_same_that_no_account_is_final(stated):
    accounts = tuple(replace(one, purses=(), reasons=("the lake has none of its time",)) for one in stated.accounts)
    dark = replace(stated, accounts=accounts)
    assert list(text.to_lines(dark))[3] == "3 accounts: 3 NOT FINAL"
    assert "! 3 accounts: 3 NOT FINAL" in "".join(page.to_text(dark))


def test_a_sum_with_an_opening_that_is_not_known_is_not_known_and_says_of_how_many_accounts(stated):
    account = stated.accounts[0]
    dark = replace(account.purses[0], opening=Opening(None, "not_known", "no rows before"), closing=None)
    one = replace(stated, accounts=(replace(account, purses=(dark,)), *stated.accounts[1:]))
    section = all_together(one)
    assert section is not None
    cells = next(line.cells for line in section.lines if line.purse == dark.purse)
    assert (cells["opening"].amount, cells["closing"].amount) == (None, None)
    assert cells["note"] == "the opening of 1 account is not known"
    assert "the opening of 1 account is not known" in "\n".join(text.to_lines(one))
