"""Reports in Stripe's own forms beside the lake."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest

import connector
from connector.core.ledger import money
from connector.core.ledger.stripe_reports import minor
from tests.support.fitting import fits
from tests.support.lakes import run, sandbox
from tests.support.statements import plainly, world


@pytest.fixture(scope="module")
def served():
    with sandbox(world(1_200, days=80, connected=0)) as running:
        yield running


@pytest.fixture(scope="module")
def lake(served, tmp_path_factory):
    made = tmp_path_factory.mktemp("against") / "lake"
    run(made, served, partition="month")
    return made


@pytest.fixture(scope="module")
def truth(served, lake):
    period = connector.run_statement(lake, month="2026-02")["period"]
    found = plainly(served.world.rows(), period["start"], period["stop"])
    return {currency: one for (kind, currency), one in found.items() if kind == "payments"}


def major(amount, currency):
    """An amount as Stripe's reports have it."""
    return str(Decimal(amount).scaleb(-money.decimals(currency)))


def totals(one, *, payouts):
    chosen = [sums for name, sums in one.categories.items() if name.startswith("payout") == payouts]
    return [sum(sums[place] for sums in chosen) for place in range(4)]


def balance_summary(truth):
    for currency, one in truth.items():
        _, gross, fee, net = totals(one, payouts=False)
        _, out, out_fee, out_net = totals(one, payouts=True)
        figures = [
            ("starting_balance", "Starting balance (2026-02-01)", one.opening),
            ("activity_gross", "Account activity before fees", gross),
            ("activity_fee", "Less fees", -fee),
            ("activity", "Net balance change from activity", net),
            ("payouts_gross", "Payouts before fees", out),
            ("payouts_fee", "Less payout fees", -out_fee),
            ("payouts", "Total payouts", out_net),
            ("ending_balance", "Ending balance (2026-02-28)", one.closing),
        ]
        for category, description, amount in figures:
            yield {
                "category": category,
                "description": description,
                "net_amount": major(amount, currency),
                "currency": currency,
            }


def by_category(truth, *, payouts):
    for currency, one in truth.items():
        lines = {name: sums for name, sums in one.categories.items() if name.startswith("payout") == payouts}
        for name, (count, gross, fee, net) in {**lines, "total": totals(one, payouts=payouts)}.items():
            amounts = [major(amount, currency) for amount in (gross, -fee, net)]
            yield dict(
                zip(
                    ("reporting_category", "currency", "count", "gross", "fee", "net"),
                    (name, currency, str(count), *amounts),
                    strict=True,
                )
            )


def rows_of(served, lake, *, payouts=False):
    period = connector.run_statement(lake, month="2026-02")["period"]
    for row in served.world.rows():
        inside = period["start"] <= row["created"] < period["stop"] and row["balance_type"] == "payments"
        if inside and row["reporting_category"].startswith("payout") == payouts:
            yield {
                "balance_transaction_id": row["id"],
                "created": "2026-02-03 01:02:03",
                "currency": row["currency"],
                "gross": major(row["amount"], row["currency"]),
                "fee": major(row["fee"], row["currency"]),
                "net": major(row["net"], row["currency"]),
                "reporting_category": row["reporting_category"],
            }


def written(path, rows, **options):
    rows = list(rows)
    with path.open("w", encoding=options.pop("encoding", "utf-8"), newline="") as file:
        out = csv.DictWriter(file, rows[0].keys(), **options)
        out.writeheader()
        out.writerows(rows)
    return path


def compared(lake, path, **options):
    document = connector.run_statement(lake, month="2026-02", against=path, **options)
    fits(document, "statement")
    return document["report"]


def test_a_balance_summary_agrees_line_by_line(lake, truth, tmp_path):
    report = compared(lake, written(tmp_path / "summary.csv", balance_summary(truth)))
    assert (report["form"], report["compared"], report["differing"]) == ("balance summary", 8 * len(truth), 0)
    assert {line["currency"] for line in report["lines"]} == {"eur", "usd", "jpy", "kwd"}
    assert any("issuing" in note for note in report["notes"])


def test_one_that_prints_fees_without_their_minus_or_with_commas_agrees_too(lake, truth, tmp_path):
    rows = [
        {**row, "net_amount": row["net_amount"].lstrip("-") if row["category"].endswith("_fee") else row["net_amount"]}
        for row in balance_summary(truth)
    ]
    assert compared(lake, written(tmp_path / "plain.csv", rows, encoding="utf-8-sig"))["agrees"]
    commas = [{**row, "net_amount": row["net_amount"].replace(".", ",")} for row in balance_summary(truth)]
    assert compared(lake, written(tmp_path / "commas.csv", commas, quoting=csv.QUOTE_ALL))["agrees"]


def test_a_line_that_differs_is_named_with_both_figures(lake, truth, tmp_path):
    rows = list(balance_summary(truth))
    wrong = next(row for row in rows if (row["currency"], row["category"]) == ("kwd", "ending_balance"))
    wrong["net_amount"] = str(Decimal(wrong["net_amount"]) + Decimal("0.001"))
    report = compared(lake, written(tmp_path / "wrong.csv", rows))
    (line,) = [line for line in report["lines"] if not line["agrees"]]
    assert (line["line"], line["currency"], line["report"] - line["lake"]) == ("ending_balance", "kwd", 1)
    assert report["differing"] == 1


@pytest.mark.parametrize("payouts", [False, True])
def test_a_summary_by_category_agrees_in_counts_and_amounts(lake, truth, tmp_path, payouts):
    report = compared(lake, written(tmp_path / "categories.csv", by_category(truth, payouts=payouts)))
    assert (report["form"], report["differing"]) == ("summary by category", 0)
    rows = list(by_category(truth, payouts=payouts))
    assert report["compared"] == 4 * len(rows)
    category = "payout" if payouts else "refund"
    without = [row for row in rows if (row["reporting_category"], row["currency"]) != (category, "eur")]
    report = compared(lake, written(tmp_path / "less.csv", without))
    differing = [line for line in report["lines"] if not line["agrees"]]
    assert {(line["line"], line["figure"], line["report"]) for line in differing} == {(category, "net", None)}
    assert [line["currency"] for line in differing] == ["eur"]


@pytest.mark.parametrize("payouts", [False, True])
def test_an_itemized_report_agrees_row_by_row(served, lake, tmp_path, payouts):
    rows = list(rows_of(served, lake, payouts=payouts))
    report = compared(lake, written(tmp_path / "rows.csv", rows))
    assert (report["form"], report["compared"], report["differing"], report["lines"]) == ("itemized", len(rows), 0, [])


def test_rows_that_are_missing_added_or_changed_are_named(served, lake, tmp_path):
    rows = list(rows_of(served, lake))
    gone, changed, moved = rows.pop(3), rows[5], rows[7]
    changed["fee"] = str(Decimal(changed["fee"]) + 1)
    moved["reporting_category"] = "other_adjustment"
    rows.append({**rows[0], "balance_transaction_id": "txn_nowhere"})
    report = compared(lake, written(tmp_path / "rows.csv", rows))
    found = {(line["line"], line["figure"]) for line in report["lines"]}
    assert found == {
        (gone["balance_transaction_id"], "row"),
        (changed["balance_transaction_id"], "fee"),
        (moved["balance_transaction_id"], "category"),
        ("txn_nowhere", "row"),
    }
    missing = {line["line"]: (line["report"], line["lake"]) for line in report["lines"] if line["figure"] == "row"}
    assert missing["txn_nowhere"][1] is None
    assert missing[gone["balance_transaction_id"]][0] is None


def test_what_a_report_says_nothing_of_is_noted(served, lake, tmp_path):
    rows = list(rows_of(served, lake))
    eur = [{**row, "reporting_category": ""} for row in rows if row["currency"] == "eur"]
    report = compared(lake, written(tmp_path / "rows.csv", eur[:-1]))
    assert report["differing"] == 0
    others = sorted({row["currency"].upper() for row in rows} - {"EUR"})
    assert [note.partition(":")[0] for note in report["notes"]] == [
        *(f"the report has no lines of {one}" for one in others),
        "the report does not say the reporting_category",
    ]


def test_of_very_many_differences_the_first_are_named_and_all_counted(lake, tmp_path):
    strange = (
        {"balance_transaction_id": f"txn_{n}", "currency": "eur", "gross": "1.00", "fee": "0", "net": "1.00"}
        for n in range(500)
    )
    report = compared(lake, written(tmp_path / "strange.csv", strange))
    assert (report["differing"], len(report["lines"])) == (500, 200)
    assert "200 of 500" in report["notes"][0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "none of Stripe's reports"),
        ("", "none of Stripe's reports"),
        ("category,description,net_amount,currency\nactivity,x,12.345,eur\n", "more decimals than EUR"),
        ("category,description,net_amount,currency\nactivity,x,twelve,eur\n", "line 2.*not an amount"),
        ("category,description,net_amount,currency\nactivity,x\n", "not an amount"),
        ("balance_transaction_id,currency,gross,fee,net\ntxn_1,eur,1,0,1\ntxn_1,eur,1,0,1\n", "txn_1 twice"),
        (f"balance_transaction_id,currency,gross,fee,net\ntxn_1,eur,{10**20},0,{10**20}\n", "txn_1 are beyond"),
    ],
)
def test_what_is_no_report_is_refused_with_what_is_wrong(lake, tmp_path, text, said):
    path = tmp_path / "file.csv"
    path.write_text(text)
    with pytest.raises(connector.ConfigError, match=said):
        compared(lake, path)


def test_a_file_that_is_not_there_or_no_text_is_refused(lake, tmp_path):
    with pytest.raises(connector.ConfigError, match="cannot be read"):
        compared(lake, tmp_path / "nothing.csv")
    (tmp_path / "bytes.csv").write_bytes(b"category,net_amount,currency\n\xff\xfe,1,eur\n")
    with pytest.raises(connector.ConfigError, match="cannot be read"):
        compared(lake, tmp_path / "bytes.csv")


def test_zero_decimal_amounts_with_decimals_of_zero_are_whole(lake, truth, tmp_path):
    rows = [
        {**row, "net_amount": f"{row['net_amount']}.00" if row["currency"] == "jpy" else row["net_amount"]}
        for row in balance_summary(truth)
    ]
    assert compared(lake, written(tmp_path / "yen.csv", rows))["agrees"]


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1,234.50", "eur", 123_450),
        ("-1,234,567.89", "usd", -123_456_789),
        ("1.234,50", "eur", 123_450),
        ("1.234.567", "jpy", 1_234_567),
        ("1,200", "eur", 120_000),
        ("1,200", "jpy", 1_200),
        ("12,50", "eur", 1_250),
        ("12.500", "eur", 1_250),
        ("1,234.500", "kwd", 1_234_500),
        ("1.234", "kwd", 1_234),
        ("1,234", "kwd", 1_234),
        ("+0", "eur", 0),
    ],
)
def test_thousands_may_be_apart_in_amounts(text, currency, amount):
    assert minor(text, currency, "line 2") == amount
