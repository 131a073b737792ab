"""The page shows what the facts say, and nothing that others wrote does anything on it."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import anyio
import pyarrow as pa
import pytest

import connector
from connector.core.lake_condition import Problem
from connector.core.ledger import money
from connector.core.ledger.ledger import Purse, Sums
from connector.core.state.calendar import STATUSES, Stretch
from connector.core.state.kept_verdict import KeptLayer
from connector.core.units import DAY
from connector.reporting.lake_report.facts import (
    DayKey,
    DayLine,
    DriftLine,
    FileProblem,
    LateLine,
    PayoutFacts,
    PayoutLine,
    RowFacts,
    RunLine,
)
from connector.reporting.lake_report.page import to_page
from connector.reporting.lake_report.page_file import write_page
from connector.reporting.lake_report.spans import by_day, by_month
from connector.reporting.lake_report.text import to_lines
from connector.reporting.lake_report.words import STATUS_WORDS
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import START, data_files, run, sandbox, world
from tests.support.pages import PageRead

HOSTILE = "<script>alert(1)</script>'\"&<b>\u202e\u2028\x00\x1b[31m sk_live_HostileHostileKey"
MOST = 2 * 10**6
PAYOUT = PayoutLine(
    id=HOSTILE,
    created=START,
    arrival=START,
    amount=5,
    currency=HOSTILE,
    status=HOSTILE,
    automatic=True,
    answer="differs",
    rows=2,
    left=((HOSTILE, 7),),
)


@pytest.fixture(scope="module")
def report(made):
    return anyio.run(lambda: connector.report(made))


@pytest.fixture(scope="module")
def alone(made, report):
    return anyio.run(lambda: connector.report(made, accounts=report.accounts[0].account))


def decimal(amount, currency):
    return Decimal(amount).scaleb(-money.decimals(currency))


def expected(made, account, label):
    """Rows, gross, fees and net by balance, currency, part of `created` and category, from the rows themselves."""
    found = Counter()
    for row in pa.table(connector.read(made, account)).to_pylist():
        for category in (row["reporting_category"], "all"):
            key = (row["balance_type"], row["currency"], f"{row['created']:{label}}", category)
            for place, amount in enumerate((row["amount"], row["fee"], row["net"]), 1):
                found[*key, place] += decimal(amount, row["currency"])
            found[*key, 0] += 1
    return found


def test_every_month_and_category_has_the_sums_of_its_rows_in_whole_units_of_the_currency(made, alone):
    page = PageRead(to_page(alone))
    wanted, seen = expected(made, alone.accounts[0].account, "%Y-%m"), set()
    for table in page.tables:
        if not table.caption.startswith("By month and category: "):
            continue
        balance, currency = table.caption.removeprefix("By month and category: ").lower().split()
        for month, category, *figures, rate in table.lines[1:]:
            key = (balance, currency, month, category)
            seen.add(key)
            assert [Decimal(one.replace(",", "")) for one in figures] == [wanted[*key, place] for place in range(4)]
            places = {len(one.partition(".")[2]) for one in figures[1:]}
            assert places == {money.decimals(currency)}
            if category == "charge":
                rounded = wanted[*key, 2] * 10_000 // wanted[*key, 1]
                assert Decimal(rate.removesuffix(" %")) * 100 == rounded
    several = Counter(key[:3] for key in {key[:4] for key in wanted if key[3] != "all"})
    assert seen == {key[:4] for key in wanted if key[3] != "all" or several[key[:3]] > 1}
    assert {currency for _, currency, *_ in seen} >= {"jpy", "kwd", "eur", "usd"}


def test_the_calendar_the_pending_money_and_the_months_are_those_of_the_facts(alone):
    page, one = PageRead(to_page(alone)), alone.accounts[0]
    days = page.table("Days").lines[1:]
    assert [(line[0], line[3]) for line in days] == [
        (STATUS_WORDS[part.status], f"{part.days:,}") for part in reversed(one.calendar)
    ]
    layers = page.table("What verify last found").lines[1:]
    assert [line[0] for line in layers] == [layer.layer for layer in one.layers]
    payouts = page.table("Payouts").lines[1:]
    assert {line[0] for line in payouts} == {payout.id for payout in one.payouts.lines}
    assert all(line[-1] == f"stripe-balance stream --payout {line[0]}" for line in payouts)


def test_the_page_needs_nothing_from_elsewhere_and_has_headings_captions_and_labels(report):
    text = to_page(report)
    page = PageRead(text)
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "form", "input", "base"}
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "href"}]
    assert all(link.startswith("#") or link == "data:," for link in links)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "url(" not in text.replace("url(#p-", "")
    assert "@import" not in text
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(table.caption and table.lines for table in page.tables)
    drawings = [attributes for tag, attributes in page.tags if tag == "svg" and attributes.get("role") == "img"]
    assert drawings
    assert all(one["aria-labelledby"] for one in drawings)
    labels = [attributes["aria-label"] for _, attributes in page.tags if attributes.get("role") == "region"]
    assert len(labels) == len(set(labels))


def test_the_first_words_are_the_sentence_in_every_rendering(report):
    page = PageRead(to_page(report))
    assert page.headings[0] == (1, report.sentence)
    assert report.sentence in next(iter(to_lines(report)))


def hostile(report):
    """The facts with hostile text wherever others write."""
    first = report.accounts[0]
    layer = KeptLayer("rows", "residual", HOSTILE, START, 1, {}, (HOSTILE,))
    line = DayLine(DayKey(START, Purse(HOSTILE, "usd"), HOSTILE), Sums(1, 2, 3, 4))
    one = replace(
        first,
        account=HOSTILE,
        layers=(layer,),
        damaged=(FileProblem(HOSTILE, "missing"),),
        problems=(Problem("x", "wrong", "here", HOSTILE, HOSTILE),),
        late=(LateLine(HOSTILE, 1, START, START, 1),),
        drift=(DriftLine(HOSTILE, HOSTILE, 1, HOSTILE),),
        net=((Purse(HOSTILE, HOSTILE), 1),),
        payouts=PayoutFacts(START, (("differs", 1),), (PAYOUT,)),
        files_say=RowFacts((line,), (), (), HOSTILE, by_month([line]), by_day([line])),
    )
    run = RunLine(HOSTILE, HOSTILE, 1.0, HOSTILE, HOSTILE, 1, 1, 1, 1, 1)
    return replace(report, destination=HOSTILE, format=HOSTILE, accounts=(one, first), runs=(run,), version=HOSTILE)


@pytest.mark.parametrize("many", [True, False])
def test_what_others_wrote_does_nothing_and_shows_no_key(report, many):
    facts = hostile(report)
    text = to_page(facts if many else replace(facts, accounts=facts.accounts[:1]), secrets=["alert(1)"])
    page = PageRead(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert all(one.isprintable() for line in text.split("\n") for one in line)
    assert "HostileHostile" not in text
    assert "alert(1)" not in text
    assert text.count("&lt;script&gt;") > 15
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


@pytest.mark.slow
def test_five_years_of_two_hundred_accounts_are_less_than_two_megabytes(report):
    purses = [Purse("payments", code) for code in ("eur", "usd", "jpy", "kwd")]
    categories = ("charge", "refund", "dispute", "fee", "payout", "transfer", "topup", "advance")
    years, first = 5 * 365, report.accounts[0]
    days = tuple(
        DayLine(DayKey(START + day * DAY, purse, category), Sums(10_000, 123_456_789_012, 3_456_789, 123_453_332_223))
        for day in range(years)
        for purse in purses
        for category in categories
    )
    calendar = tuple(
        Stretch(STATUSES[day % 5], START + day * DAY, START + (day + 1) * DAY) for day in range(years)
    )  # the worst there can be: no two days alike
    lines = [
        replace(PAYOUT, id=f"po_{n:024d}", currency="usd", status="paid", left=(("usd", 1),)) for n in range(3_000)
    ]
    payouts = PayoutFacts(START, (("differs", 3_000),), tuple(lines))
    problem = Problem("gap", "wrong", "here", "not all was read", "stripe-balance sync lake")
    said = RowFacts(days, (), (), None, by_month(days), by_day(days))
    full = replace(first, calendar=calendar, payouts=payouts, files_say=said, problems=(problem,) * 3)
    accounts = [replace(full, account=f"acct_{n:016d}") for n in range(10)]
    accounts += [replace(first, account=f"acct_{n:016d}", files_say=None) for n in range(10, 200)]
    wide = replace(report, accounts=tuple(accounts), made_at=START + years * DAY)
    size = len(to_page(wide).encode())
    assert size < MOST
    assert len(to_page(replace(wide, accounts=(full,))).encode()) < MOST


def test_a_page_replaces_what_is_there_as_a_whole_or_leaves_it(tmp_path):
    path, link = tmp_path / "page.html", tmp_path / "link.html"
    path.write_text("before")
    link.symlink_to(path)
    write_page(link, "after\ud800")
    assert path.read_text() == "after\\ud800"
    assert link.is_symlink()
    with pytest.raises(connector.StorageError):
        write_page(tmp_path / "none" / "page.html", "x")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.html", "page.html"]


def test_a_page_takes_the_place_of_a_link_that_leads_in_a_circle(tmp_path):
    link, other = tmp_path / "page.html", tmp_path / "other.html"
    link.symlink_to(other)
    other.symlink_to(link)
    write_page(link, "the page")
    assert link.read_text() == "the page"


def test_a_page_is_not_written_among_a_lakes_own_files(tmp_path):
    """Given the name of a data file, it took its place; the next sync had to read the rows again."""
    with sandbox(world(100)) as stripe_:
        run(tmp_path / "lake", stripe_)
        before = data_files(tmp_path / "lake")
        (tmp_path / "link").symlink_to(tmp_path / "lake" / next(iter(before)))
        for name in (next(iter(before)), "_stripe_balance/lake.json", "balance_transactions/page.html", "../link"):
            with pytest.raises(connector.ConfigError, match="would be among the files of the lake in"):
                write_page(tmp_path / "lake" / name, "x")
    assert data_files(tmp_path / "lake") == before
    write_page(tmp_path / "lake" / "page.html", "beside them")


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link.html"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with ThreadPoolExecutor() as threads:
            reading = threads.submit(pipe.read_text)
            write_page(path, "the page")
            assert reading.result(ENDLESS_SECONDS) == "the page"
    assert (pipe.is_fifo(), link.is_symlink()) == (True, True)
    with pytest.raises(connector.StorageError, match="directory"):
        write_page(tmp_path, "x")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.html", "pipe"]


def test_the_call_writes_the_page_that_its_facts_make(made, tmp_path):
    document = connector.run_report(made, output=tmp_path / "page.html")
    assert document["sentence"] in "".join(PageRead((tmp_path / "page.html").read_text()).texts)


def test_at_a_prompt_and_in_a_notebook_a_report_is_one_line(report):
    accounts = f"{report.rows:,} rows of {len(report.accounts)} accounts"
    assert repr(report) == f"<LakeReport of {report.destination}: {report.sentence} {accounts}>"


def test_the_last_line_of_the_accounts_adds_them_up_by_balance_and_currency(report):
    header, *lines, total = PageRead(to_page(report)).table(f"{len(report.accounts)} accounts").lines
    assert [line[0] for line in lines] == [one.account for one in sorted(report.accounts, key=lambda one: one.account)]
    assert total[0] == "all accounts"
    assert total[header.index("rows")] == f"{sum(one.rows for one in report.accounts):,}"
    sums = Counter()
    for one in report.accounts:
        for purse, net in one.net:
            sums[purse] += net
    expected = {
        money.to_text(net, purse.currency)
        if purse.balance_type == "payments"
        else f"{money.to_text(net, purse.currency)[:-4]} {purse.balance_type} {purse.currency.upper()}"
        for purse, net in sums.items()
    }
    assert set(total[header.index("net")].split("; ")) == expected


@pytest.mark.parametrize("grade", ["wrong", "look"])
def test_what_is_behind_the_badge_is_told_at_the_head_of_several_accounts_too(report, grade):
    problem = Problem("odd", grade, "other", "one payout was not read")
    accounts = tuple(replace(one, problems=(problem,)) for one in report.accounts)
    head = to_page(replace(report, accounts=accounts, problems=())).partition("</header>")[0]
    assert f"{accounts[0].account}: one payout was not read" in head
    many = tuple(replace(accounts[0], account=f"acct_{place}") for place in range(9))
    head = to_page(replace(report, accounts=many, problems=())).partition("</header>")[0]
    assert head.count("one payout was not read") == 4
    assert f'<li class="{grade}">' in head.partition("and 5 more")[0].rpartition("<ul")[2]


def test_that_nothing_was_ever_verified_is_said_once_and_not_of_each_account(lake):
    shutil.rmtree(lake / "_stripe_balance" / "verdicts")
    found = anyio.run(lambda: connector.report(lake))
    assert [one.kind for each in found.accounts for one in each.problems].count("unverified") == 2
    for text in ("\n".join(to_lines(found)), to_page(found)):
        assert text.count("nothing here was compared with Stripe yet") == 1
        assert text.count("never verified") == 1
    assert found.told_once.grade == found.grade


def test_what_was_verified_of_some_accounts_alone_is_said_of_the_others(report):
    one, other = report.accounts
    said = Problem("unverified", "note", "adds_up", "never verified", "stripe-balance verify lake")
    found = replace(report, accounts=(replace(one, layers=(), problems=(said,)), other))
    assert found.told_once is found
    assert "note: never verified: `stripe-balance verify lake`" in "\n".join(to_lines(found))
