"""A verdict as one self-contained HTML page, in the style of `report`: made of its document, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.core.counting import counted
from connector.reporting.lake_report.frame import beginning
from connector.reporting.lake_report.html_writer import Writer
from connector.reporting.lake_report.problems import command
from connector.reporting.workpaper import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_BADGES = {
    "proved": ("well", "✓ Proved"),
    "residual": ("wrong", "✗ Something does not agree"),
    "not_checkable": ("look", "! Not all of it could be checked"),
}
_SENTENCES = {
    "proved": "All that was asked for was checked, and it agrees.",
    "residual": "Not all of what was checked agrees.",
    "not_checkable": "What could be checked agrees, and not all could be.",
}


def to_page(document: Mapping[str, Any], secrets: Collection[str] = ()) -> str:
    """Return the page.

    Args:
        document: of a verdict, as in `schemas/verdict.json`.
        secrets: what must not stand in it, whatever its form; keys are taken out by theirs.
    """
    return "".join(_Page(document, Writer(tuple(secrets))).pieces())


@dataclass(frozen=True, slots=True)
class _Page:
    document: Mapping[str, Any]
    writer: Writer

    def pieces(self) -> Iterator[str]:
        """Yield the page in pieces."""
        told, writer = self.document, self.writer
        yield beginning(writer.escape(f"{told['destination']}: {_SENTENCES[told['verdict']]}"), "verify")
        yield from self._header()
        yield '<main class="paper">\n<h2>What this is of</h2>\n'
        yield from writer.table(tables.particulars(told), folds=False)
        yield "<h3>What could not be checked</h3>\n"
        yield from writer.table(tables.left_open(told), folds=False)
        if told["findings"]:
            yield from writer.table(tables.found_of_lake(told), folds=False)
        for account in told["accounts"]:
            yield from self._account(account)
        yield "</main>\n"
        yield from self._footer()
        yield "</div>\n</body>\n</html>\n"

    def _header(self) -> Iterator[str]:
        told = self.document
        mode = {True: "live mode", False: "test mode: no real money", None: ""}[told["livemode"]]
        name = " · ".join(filter(None, (told["destination"], mode)))
        kind, words = _BADGES[told["verdict"]]
        layers = ", ".join(f"{count:,} {answer.replace('_', ' ')}" for answer, count in told["layers"].items() if count)
        yield (
            f'<header>\n<p class="lake">{self.writer.escape(name)}</p>\n<p class="badge {kind}">{words}</p>\n'
            f"<h1>{_SENTENCES[told['verdict']]}</h1>\n"
            f'<p class="sub">{counted(len(told["accounts"]), "account")}; layers: {layers or "none"}; checked '
            f"{self.writer.escape(told['checked'])}.</p>\n</header>\n"
        )

    def _account(self, account: Mapping[str, Any]) -> Iterator[str]:
        whose = account["account"]
        yield f"<section>\n<h2>{self.writer.escape(whose)}</h2>\n"
        for table in (
            tables.record(account),
            tables.layers(account),
            *tables.findings(account),
            tables.balances(account),
            tables.sums(account),
            tables.apart(account),
        ):
            if table.lines or table.note:
                yield f"<h3>{self.writer.escape(table.title)}</h3>\n"
                yield from self.writer.table(table, whose, folds=False)
        yield "</section>\n"

    def _footer(self) -> Iterator[str]:
        told = self.document
        again = command("verify", told["destination"], "--sample", f"{told['sample']}", "--seed", f"{told['seed']}")
        yield (
            "<footer>Amounts have the decimals of their currency. Times are UTC. The hash is of the bytes of the record"
            " in the lake, <code>_stripe_balance/state/balance_transactions/ACCOUNT/NUMBER.json</code>. To draw the"
            f" same windows again: <code>{self.writer.escape(again)}</code></footer>\n"
        )
