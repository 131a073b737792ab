"""A report as one self-contained HTML page: no script, no request, readable in print, in the dark and on a phone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector.core.counting import counted, sized
from connector.core.lake_condition import Problem
from connector.core.ledger import money
from connector.core.time.times import to_words
from connector.core.units import PAYMENTS
from connector.reporting.lake_report import drawing, sections
from connector.reporting.lake_report.frame import beginning
from connector.reporting.lake_report.html_writer import Writer
from connector.reporting.lake_report.overview import overview
from connector.reporting.lake_report.problems import command, title_of
from connector.reporting.lake_report.sections import ALONE, TOGETHER, Extent, MoneySeries, series_of
from connector.reporting.lake_report.words import GRADE_WORDS, minute_text, verified

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from connector.core.ledger.ledger import Purse
    from connector.reporting.lake_report.facts import AccountFacts, LakeReport

FEW = 10
"""Accounts that are told one by one even where they have nothing to say."""

FIRST = 4
"""Problems of several accounts that the first words name."""

_BADGES = {
    "well": "✓ All is well",
    "part": "○ Nothing found wrong, and not all is verified",
    "look": "! Look at it",
    "wrong": "✗ Something is wrong",
}


def to_page(report: LakeReport, secrets: Collection[str] = ()) -> str:
    """Return the page.

    Args:
        report: the facts.
        secrets: what must not stand in it, whatever its form; keys are taken out by theirs.
    """
    return "".join(_Page(report.told_once, Writer(tuple(secrets))).pieces())


@dataclass(frozen=True, slots=True)
class _Page:
    report: LakeReport
    writer: Writer

    def pieces(self) -> Iterator[str]:
        """Yield the page in pieces."""
        report = self.report
        title = self.writer.escape(f"{report.destination}: {report.sentence}")
        yield beginning(title, "report", drawing.PATTERNS)
        yield from self._header()
        yield "<main>\n"
        told = self._told()
        yield from self._overview(told)
        for place, account in enumerate(told):
            yield from self._account(account, place, alone=len(report.accounts) == 1)
        yield from self._runs()
        yield "</main>\n"
        yield from self._footer()
        yield "</div>\n</body>\n</html>\n"

    def _told(self) -> list[AccountFacts]:
        """Return the accounts with sections of their own: all of a few, of many those whose files were read."""
        accounts = self.report.accounts
        return [account for account in accounts if len(accounts) <= FEW or account.files_say is not None]

    def _header(self) -> Iterator[str]:
        report = self.report
        mode = {True: "live mode", False: "test mode: no real money", None: ""}[report.livemode]
        name = " · ".join(filter(None, (report.destination, mode)))
        badge = "part" if report.grade == "well" and report.proof != "proved" else report.grade
        size = f"{counted(report.rows, 'row')} of {counted(len(report.accounts), 'account')}"
        yield (
            f'<header>\n<p class="lake">{self.writer.escape(name)}</p>\n'
            f'<p class="badge {badge}">{_BADGES[badge]}</p>\n'
            f"<h1>{self._whole_times(report.sentence)}</h1>\n"
            f'<p class="sub">{self.writer.escape(size)}; {verified(report)}; '
            f"looked at {minute_text(report.made_at)} UTC.</p>\n"
        )
        yield from self._problems((*report.problems, *self._of_accounts()))
        yield "</header>\n"

    def _of_accounts(self) -> Iterator[Problem]:
        """Yield the problems of the only account, or of several the gravest, each with the account's name.

        Those to look at are told where nothing is wrong, so that the badge never stands without its reason.
        """
        if len(self.report.accounts) == 1:
            yield from self.report.accounts[0].problems
            return
        problems = [(account.account, problem) for account in self.report.accounts for problem in account.problems]
        wrong = [(name, problem) for name, problem in problems if problem.grade == "wrong"]
        grave = wrong or [(name, problem) for name, problem in problems if problem.grade == "look"]
        yield from (replace(problem, text=f"{name}: {problem.text}") for name, problem in grave[:FIRST])
        if len(grave) > FIRST:
            yield Problem(
                "more", grave[0][1].grade, "other", f"and {len(grave) - FIRST:,} more, account by account below"
            )

    def _whole_times(self, text: str) -> str:
        """Return text in which the time up to which all is here does not break."""
        when = "" if self.report.complete_up_to is None else to_words(self.report.complete_up_to)
        return (
            self.writer.escape(text).replace(when, f'<span class="nb">{when}</span>')
            if when
            else self.writer.escape(text)
        )

    def _problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        lines = [self._problem(problem) for problem in problems]
        if lines:
            yield f'<ul class="say">\n{"".join(lines)}</ul>\n'

    def _problem(self, problem: Problem) -> str:
        remedy = f"<br><code>{self.writer.escape(problem.remedy)}</code>" if problem.remedy else ""
        grade = f"<b>{GRADE_WORDS[problem.grade]}</b>"
        return f'<li class="{problem.grade}">{grade} {self.writer.escape(problem.text)}{remedy}</li>\n'

    def _overview(self, told: list[AccountFacts]) -> Iterator[str]:
        report = self.report
        if len(report.accounts) == 1:
            return
        yield "<h2>Accounts</h2>\n"
        yield from self.writer.table(overview(report), folds=False)
        if report.unread:
            words = self.writer.escape(command("report", report.destination, "--account", report.unread[0]))
            more = f"And {len(report.unread):,} more have something to say"
            yield f'<p class="note">{more}: <code>{words}</code></p>\n'
        if told:
            names = (self.writer.escape(account.account) for account in told)
            links = "".join(f'<li><a href="#a{place}">{name}</a></li>' for place, name in enumerate(names))
            yield f'<nav aria-label="Accounts told in full"><ul>{links}</ul></nav>\n'

    def _account(self, account: AccountFacts, place: int, *, alone: bool) -> Iterator[str]:
        extent, whose = (ALONE, "") if alone else (TOGETHER, account.account)
        name = self.writer.escape(account.account)
        yield f'<section id="a{place}" aria-labelledby="a{place}-h">\n<h2 id="a{place}-h">{name}</h2>\n'
        if not alone:
            yield from self._problems(account.problems)
        yield self._facts(account)
        if account.layers:
            yield "<h3>Does it add up?</h3>\n"
            yield from self.writer.table(sections.layers(account, self.report.made_at), whose, folds=False)
        yield from self.writer.table(sections.files(account, extent), whose, folds=False)
        if account.calendar:
            yield "<h3>Is every day here?</h3>\n"
            yield from self._calendar(account, place, extent, whose)
        yield from self._money(account, place, extent, whose)
        yield from self._rest(account, extent, whose)
        yield "</section>\n"

    def _facts(self, account: AccountFacts) -> str:
        facts = {
            "Complete up to": _complete(account),
            "Rows": f"{account.rows:,}",
            "Files": f"{account.files:,}, {sized(account.bytes)}",
            "Pending rows": f"{account.pending:,}",
            **({"Parked rows": f"{account.parked:,}"} if account.parked else {}),
            **({"Frozen": ", ".join(account.frozen)} if account.frozen else {}),
            **(
                {"Retired": f"{minute_text(account.retired.at)} UTC: {account.retired.reason}"}
                if account.retired
                else {}
            ),
            **(
                {"Refused": f"since {minute_text(account.refused.since)} UTC: {account.refused.message}"}
                if account.refused
                else {}
            ),
        }
        texts = {name: self.writer.escape(value) for name, value in facts.items()}
        said = "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in texts.items())
        nets = "".join(f"<span>{self._net(purse, net)}</span> " for purse, net in account.net) or "none"
        return f'<dl>{said}<div class="all"><dt>Net of all rows</dt><dd>{nets}</dd></div></dl>\n'

    def _net(self, purse: Purse, net: int) -> str:
        whose = "" if purse.balance_type == PAYMENTS else f" <small>{self.writer.escape(purse.balance_type)}</small>"
        return f"{self.writer.escape(money.to_text(net, purse.currency))}{whose}"

    def _calendar(self, account: AccountFacts, place: int, extent: Extent, whose: str) -> Iterator[str]:
        yield from drawing.legend()
        label = self.writer.escape(" ".join(filter(None, ("Calendar of days", whose))))
        yield self.writer.region(label)
        yield from drawing.calendar(account.calendar, f"c{place}", label)
        yield "</div>\n"
        yield from self.writer.table(sections.calendar(account, extent), whose)

    def _money(self, account: AccountFacts, place: int, extent: Extent, whose: str) -> Iterator[str]:
        all_series = series_of(account)
        if not all_series:
            return
        yield "<h3>Rows, gross, fees and net</h3>\n"
        if account.lost:
            yield f'<p class="note">Without the rows of {counted(account.lost, "file")} gone or damaged.</p>\n'
        for number, series in enumerate(all_series):
            yield f"<h4>{self.writer.escape(title_of(series.purse))}</h4>\n"
            yield from self._charts(series, f"m{place}-{number}", whose)
            yield from self.writer.table(sections.months(series, extent), whose)
            yield from self.writer.table(sections.days(series, self.report.made_at, extent), whose)

    def _charts(self, series: MoneySeries, name: str, whose: str) -> Iterator[str]:
        title = self.writer.escape(" ".join(filter(None, (title_of(series.purse), whose))))
        gross, rate = "Gross of everything but payouts", "Fee rate of charges, by month"
        moves = drawing.over_time(series.months, series.days)
        chart = drawing.money_chart(f"{name}g", f"{gross}: {title}", series.purse, moves)
        rates = drawing.rate_chart(f"{name}f", f"{rate}: {title}", series.months)
        drawn = {gross: "".join(drawing.bars(chart)), rate: "".join(drawing.line(rates))}
        figures = [f"<figure><figcaption>{words}</figcaption>{svg}</figure>" for words, svg in drawn.items() if svg]
        if figures:
            yield f'<div class="charts">{"".join(figures)}</div>\n'

    def _rest(self, account: AccountFacts, extent: Extent, whose: str) -> Iterator[str]:
        if account.payouts is not None:
            yield "<h3>Payouts</h3>\n"
            yield from self.writer.table(sections.payouts(self.report, account, extent), whose)
        elif account.record:
            payouts = self.writer.escape(command("payouts", self.report.destination))
            yield f"<h3>Payouts</h3>\n<p>Payouts were not brought: <code>{payouts}</code></p>\n"
        for table in (
            sections.statements(account),
            sections.pending(account, extent),
            sections.late(account, extent),
            sections.drift(account, extent),
        ):
            if table.lines or table.note:
                yield f"<h3>{self.writer.escape(table.title)}</h3>\n"
                yield from self.writer.table(table, whose)
        if account.record:
            yield "<h3>Audit</h3>\n"
            yield from self.writer.table(sections.audit(account), whose)

    def _runs(self) -> Iterator[str]:
        table = sections.runs(self.report)
        if table.lines:
            yield "<h2>Runs</h2>\n"
            yield from self.writer.table(table)

    def _footer(self) -> Iterator[str]:
        words = command("report", self.report.destination, "--json")
        version = self.writer.escape(self.report.version)
        yield (
            f"<footer>Made {minute_text(self.report.made_at)} UTC by stripe-balance {version}, from the lake alone."
            " Times are UTC. Amounts have the decimals of their currency, and are never added over currencies or"
            f" balances. All figures: <code>{self.writer.escape(words)}</code></footer>\n"
        )


def _complete(account: AccountFacts) -> str:
    """Say up to when an account is complete, and what is not there all the same."""
    upto = "no time" if account.complete_up_to is None else f"{minute_text(account.complete_up_to)} UTC"
    return upto + (f", but for {counted(account.lost, 'file')} gone or damaged" if account.lost else "")
