"""A workpaper holds what a verdict is of, and its page says what its JSON says."""

from __future__ import annotations

import hashlib
import json
import re
from functools import partial
from html.parser import HTMLParser

import anyio
import pytest

import connector
from connector.core.ledger import money
from connector.errors import UsageError
from connector.reporting.workpaper.page import to_page
from connector.verification.calls import verify
from connector.verification.verdict import to_document
from tests.support.fitting import fits
from tests.support.lakes import START, config_for, run, sandbox, world
from tests.support.statements import fill
from tests.support.statements import world as four_currencies


def check(lake, served, **options):
    """Verify a lake, with a small sample."""
    return anyio.run(partial(verify, lake, **({"config": config_for(served), "seed": 5, "sample": 5} | options)))


class Cells(HTMLParser):
    """The cells of every table, line by line, and all text."""

    def __init__(self):
        super().__init__()
        self.lines, self.text, self.inside = [], "", False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.lines.append([])
        if tag in {"td", "th"}:
            self.lines[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in {"td", "th"}

    def handle_data(self, data):
        self.text += data
        if self.inside:
            self.lines[-1][-1] += data


def cells_of(page):
    found = Cells()
    found.feed(page)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lake in four currencies and the document of its verdict."""
    lake = tmp_path_factory.mktemp("workpaper") / "lake"
    with sandbox(four_currencies(400, days=40)) as served:
        fill(lake, served)
        return lake, to_document(check(lake, served, seed=3, sample=5))


def test_the_document_says_what_was_checked_by_what_and_how(made):
    lake, document = made
    fits(document, "verdict")
    assert (document["connector_version"], document["seed"], document["sample"]) == (connector.__version__, 3, 5)
    assert document["api_version"] == "2026-10-28.endive"
    assert document["api_base"].startswith("http://127.0.0.1:")
    assert document["lake"] == json.loads((lake / "_stripe_balance/lake.json").read_bytes())["id"]
    for account in document["accounts"]:
        evidence = account["evidence"]
        folder = lake / "_stripe_balance/state/balance_transactions" / account["account"]
        record = (folder / f"{evidence['lake_record']:014d}.json").read_bytes()
        assert evidence["lake_record_sha256"] == hashlib.sha256(record).hexdigest()
        status = {one["account"]: one for one in connector.run_status(lake)["accounts"]}[account["account"]]
        assert (evidence["rows"], evidence["files"]) == (status["rows"], status["files"])


def test_every_balance_stands_beside_its_rows_and_the_sums_are_those_of_the_rows(made):
    lake, document = made
    for account in document["accounts"]:
        layers = {one["layer"]: one for one in account["layers"]}
        compared = layers["balance"]["balances"]
        assert len(compared) == layers["balance"]["checked"]["balances"]
        assert all(one["agrees"] and one["stripe"] == one["rows"] for one in compared)
        rows = connector.read(lake, account["account"]).to_table().to_pylist()
        assert sum(one["number"] for one in layers["rows"]["sums"]) == len(rows)
        for one in layers["rows"]["sums"]:
            keys = ("balance_type", "currency", "status")
            those = [row["net"] for row in rows if all(row[key] == one[key] for key in keys)]
            assert (one["number"], one["amount"]) == (len(those), sum(those))
        assert sum(one["number"] for one in layers["windows"]["sums"]) == layers["windows"]["checked"]["rows"]
        assert sum(one["number"] for one in layers["payouts"]["sums"]) == layers["payouts"]["checked"]["payouts"]


def test_the_page_has_every_figure_of_the_document(made):
    _, document = made
    page = to_page(document)
    found = cells_of(page)
    for account in document["accounts"]:
        assert account["evidence"]["lake_record_sha256"] in found.text
        for layer in account["layers"]:
            assert layer["reason"] in found.text
            for one in layer["balances"]:
                stripe, rows = (money.to_text(one[side], one["currency"]).split()[0] for side in ("stripe", "rows"))
                balance = f"{one['balance_type']} {one['currency'].upper()}"
                assert any(line[:4] == [balance, one["status"], stripe, rows] for line in found.lines)
            for one in layer["sums"]:
                amount = money.to_text(one["amount"], one["currency"]).split()[0]
                assert any(line[-2:] == [f"{one['number']:,}", amount] for line in found.lines)
    assert not re.search(r"<script|(src|href)=\"(?!data:)", page)


def test_what_differs_and_what_could_not_be_checked_is_on_the_page(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(200)) as served:
        run(lake, served, until=START + 4 * 86_400)
        run(lake, served, since=START + 6 * 86_400)
        document = to_document(check(lake, served))
    said = {(one["account"], one["layer"]): one["reason"] for one in document["not_checkable"]}
    assert [layer for _, layer in said] == ["payouts", "balance"] or [layer for _, layer in said] == ["balance"]
    assert "holes" in said[document["accounts"][0]["account"], "balance"]
    text = cells_of(to_page(document)).text
    for one in said.values():
        assert one in text


def test_balances_that_differ_are_marked_with_the_difference(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(200)) as served:
        run(lake, served)
        served.add_rows(created=START + 3 * 86_400, amount=700, fee=0, currency="usd")
        document = to_document(check(lake, served, layers=["balance"]))
    fits(document, "verdict")
    (layer,) = document["accounts"][0]["layers"]
    off = [one for one in layer["balances"] if not one["agrees"]]
    assert {one["currency"] for one in off} == {"usd"}
    assert sum(one["stripe"] - one["rows"] for one in off) == 700
    assert '<tr class="wrong">' in to_page(document)


def test_changes_since_a_recorded_balance_say_since_when(tmp_path):
    lake = tmp_path / "lake"
    served_world = world(200, now=START + 5 * 86_400)
    with sandbox(served_world) as served:
        run(lake, served, since=START + 4 * 86_400, balance=True)
        served.advance(6 * 86_400)
        run(lake, served, since=START + 4 * 86_400)
        document = to_document(check(lake, served, layers=["balance"]))
    (layer,) = document["accounts"][0]["layers"]
    assert layer["balances"]
    assert {one["since"] for one in layer["balances"]} == {START + 5 * 86_400}
    assert "since it was recorded: 2026-01-06" in to_page(document)


def test_a_file_of_another_kind_is_refused(made, tmp_path):
    _, document = made
    with pytest.raises(UsageError, match=r"\.html"):
        connector.write_workpaper(document, tmp_path / "paper.pdf")
    connector.write_workpaper(document, tmp_path / "paper.json")
    assert json.loads((tmp_path / "paper.json").read_text()) == document


def test_no_key_and_no_markup_of_others_gets_onto_the_page(made):
    _, document = made
    hostile = "<b>sk_test_51HvF3bKeyThatMustNotBeSeen00</b>"
    doctored = json.loads(json.dumps(document).replace(document["destination"], hostile))
    page = to_page(doctored)
    assert "<b>" not in page
    assert "KeyThatMustNotBeSeen" not in page
