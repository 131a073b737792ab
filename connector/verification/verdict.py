"""What checking a lake came to, as values, and as the document of `schemas/verdict.json`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from connector.core.counting import counted, of_kinds
from connector.core.metrics import ReportFigures
from connector.core.time.times import to_text
from connector.outside_text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.ledger.accounting import Unshown
    from connector.core.planning.rereading.mended import Healed
    from connector.core.state.account_record import Retired
    from connector.core.time.intervals import Interval
    from connector.verification.evidence import BalanceFigures, Evidence, LayerSum

VERDICT_VERSION = 1
"""Version of the document's own shape."""

DIFFERS = 65
"""Exit status of a check that found what does not agree."""

MOST_EXAMPLES = 10
"""Findings of one kind that are kept as examples; all are counted."""

LayerName = Literal["rows", "windows", "payouts", "balance"]
FILES_HEALED, ROWS_HEALED = "files_healed", "rows_healed"
"""Names, among what was checked, of lost files that the check had read again, and of the rows that came back."""

Answer = Literal["proved", "residual", "not_checkable"]

LAYERS: tuple[LayerName, ...] = ("rows", "windows", "payouts", "balance")
"""Layers in the order they are checked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree.

    Attributes:
        kind: short name of the kind of disagreement.
        message: what disagrees, in one sentence with the figures.
        path: the data file it is about, relative to the destination, or None.
        id: the row or payout it is about, or None.
        ids: other rows it is about, a few of them.
        currency: of the figures, where they are amounts.
        window: seconds of `created` it is about, or None.
        expected: what it should be; amounts in minor units.
        found: what it is.
    """

    kind: str
    message: str
    path: str | None = None
    id: str | None = None
    ids: tuple[str, ...] = ()
    currency: str | None = None
    window: Interval | None = None
    expected: int | str | None = None
    found: int | str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", shown(self.message))  # it names files and ids


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer came to.

    Attributes:
        layer: its name.
        verdict: `proved`, `residual` or `not_checkable`.
        reason: what was proved, what disagrees, or why it could not be checked, in a sentence or two.
        checked: how many of each thing were looked at.
        counts: how many disagreements of each kind.
        findings: examples of them, at most `MOST_EXAMPLES` of a kind.
        not_compared: rows that there is nothing to compare with, and their money; only of the layer `balance`.
        balances: every balance that was compared, beside its rows; only of the layer `balance`.
        sums: what was looked at, added up.
    """

    layer: LayerName
    verdict: Answer
    reason: str
    checked: Mapping[str, int] = field(default_factory=dict[str, int])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    findings: tuple[Finding, ...] = ()
    not_compared: tuple[Unshown, ...] = ()
    balances: tuple[BalanceFigures, ...] = ()
    sums: tuple[LayerSum, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", shown(self.reason))


@dataclass(frozen=True, slots=True)
class AccountVerdict:
    """What one account's part of a lake came to.

    Attributes:
        account: whose rows.
        layers: those that were asked for, in the order of `LAYERS`.
        retired: when and why the account was retired, or None.
        evidence: what was checked of it; None where a verdict was put together without.
    """

    account: str
    layers: tuple[Layer, ...]
    retired: Retired | None = None
    evidence: Evidence | None = None

    @property
    def verdict(self) -> Answer:
        """`proved` when every layer is; `residual` when any is; else `not_checkable`.

        Of a retired account, what takes Stripe is left out.
        """
        answers: list[Answer] = [layer.verdict for layer in self.layers]
        if self.retired is not None:
            answers = [answer for answer in answers if answer != "not_checkable"]
        return weakest(answers)


@dataclass(frozen=True, slots=True)
class About:
    """By what, how and of which lake something was checked.

    Attributes:
        version: of this package.
        lake: id of the lake; None where it has none.
        api_version: `Stripe-Version` that was asked under; None where Stripe was not asked.
        api_base: whom was asked; None where nobody was.
        sample: requests for windows drawn at random, at most; None for all of them.
        asked: seconds of `created` that windows were to be within; None for all that runs were asked for.
        wished: layers that were to be checked.
    """

    version: str
    lake: str | None = None
    api_version: str | None = None
    api_base: str | None = None
    sample: int | None = None
    asked: Interval | None = None
    wished: tuple[LayerName, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a lake came to.

    Attributes:
        destination: the lake, as it was given.
        checked: when the check began, UTC seconds.
        duration_seconds: how long it took.
        seed: of what was drawn by chance: the same seed and lake ask for the same windows.
        requests: requests sent to Stripe, retries included.
        accounts: by account id.
        livemode: whether the lake holds live data; None where nothing says.
        findings: what does not agree of the lake as a whole, at most `MOST_EXAMPLES` of a kind.
        counts: how many of each kind.
        about: by what, how and of which lake it was checked.
    """

    destination: str
    checked: int
    duration_seconds: float
    seed: int
    requests: int
    accounts: tuple[AccountVerdict, ...]
    livemode: bool | None = None
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    about: About = field(default_factory=lambda: About(""))

    def __repr__(self) -> str:
        """Return `<Verdict of lake: proved; 5 accounts, 55 requests, 2.4 s>`."""
        asked = f"{counted(self.requests, 'request')}, {self.duration_seconds:.1f} s"
        return f"<Verdict of {self.destination}: {self.verdict}; {counted(len(self.accounts), 'account')}, {asked}>"

    @property
    def not_checkable(self) -> tuple[tuple[str, Layer], ...]:
        """What could not be checked: of which account which layer."""
        return tuple(
            (account.account, layer)
            for account in self.accounts
            for layer in account.layers
            if layer.verdict == "not_checkable"
        )

    @property
    def verdict(self) -> Answer:
        """`proved` when every layer of every account is; `residual` when any is; else `not_checkable`.

        What is found of the lake as a whole makes it `residual`. A retired account of which nothing could be checked is
        left out, unless there is no other.
        """
        if self.counts:
            return "residual"
        return weakest(
            account.verdict
            for account in self.accounts
            if account.retired is None or account.verdict != "not_checkable"
        )

    @property
    def layers(self) -> dict[Answer, int]:
        """How many layers of all accounts came to each answer."""
        counts = Counter(layer.verdict for account in self.accounts for layer in account.layers)
        return {"proved": counts["proved"], "residual": counts["residual"], "not_checkable": counts["not_checkable"]}


@dataclass(slots=True)
class Findings:
    """Gathers disagreements: every one is counted, the first few of each kind are kept."""

    _counts: Counter[str] = field(default_factory=Counter[str])
    _kept: list[Finding] = field(default_factory=list[Finding])

    def add(self, finding: Finding, count: int = 1) -> None:
        """Count a finding, `count` times, and keep it while there are few of its kind."""
        if sum(earlier.kind == finding.kind for earlier in self._kept) < MOST_EXAMPLES:
            self._kept.append(finding)
        self._counts[finding.kind] += count

    def wants(self, kind: str) -> bool:
        """Say whether another example of a kind would be kept."""
        return sum(finding.kind == kind for finding in self._kept) < MOST_EXAMPLES

    def count(self, kind: str, count: int) -> None:
        """Count disagreements of a kind without an example."""
        if count:
            self._counts[kind] += count

    def __bool__(self) -> bool:
        return bool(self._counts)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return dict(self._counts)

    @property
    def kept(self) -> tuple[Finding, ...]:
        """Examples of them."""
        return tuple(self._kept)

    def layer(self, name: LayerName, proved: str, *, checked: Mapping[str, int]) -> Layer:
        """Return the layer: proved, with this reason, when nothing was found."""
        if not self:
            return Layer(name, "proved", proved, checked)
        return Layer(name, "residual", of_kinds(self._counts), checked, dict(self._counts), tuple(self._kept))


def weakest(answers: Iterable[Answer]) -> Answer:
    """Return the one that decides: `residual` before `not_checkable` before `proved`; nothing at all proves nothing."""
    distinct = set(answers)
    if "residual" in distinct:
        return "residual"
    return "proved" if distinct == {"proved"} else "not_checkable"


def not_checkable(layer: LayerName, reason: str) -> Layer:
    """Return a layer that could not be checked, and why."""
    return Layer(layer, "not_checkable", reason)


def with_healed(layer: Layer, healed: Healed) -> Layer:
    """Return a layer with what had been lost of what it checks, and was read again before."""
    return replace(layer, checked={**layer.checked, FILES_HEALED: healed.files, ROWS_HEALED: healed.rows})


def figures_of(verdict: Verdict) -> ReportFigures:
    """Return what a check comes to, for whoever watches."""
    return ReportFigures(
        accounts=len(verdict.accounts),
        accounts_failed=sum(account.verdict == "residual" for account in verdict.accounts),
        verdict=verdict.verdict,
        status=DIFFERS if verdict.verdict == "residual" else 0,
    )


def to_document(verdict: Verdict) -> dict[str, Any]:
    """Return the JSON document of `schemas/verdict.json`."""
    return {
        "verdict_version": VERDICT_VERSION,
        "connector_version": verdict.about.version,
        "lake": verdict.about.lake,
        "api_version": verdict.about.api_version,
        "api_base": verdict.about.api_base,
        "sample": "all" if verdict.about.sample is None else verdict.about.sample,
        "asked": None if verdict.about.asked is None else [verdict.about.asked.start, verdict.about.asked.stop],
        "layers_asked": list(verdict.about.wished),
        "livemode": verdict.livemode,
        "destination": verdict.destination,
        "checked": to_text(verdict.checked),
        "duration_seconds": round(verdict.duration_seconds, 3),
        "seed": verdict.seed,
        "requests": verdict.requests,
        "verdict": verdict.verdict,
        "layers": dict(verdict.layers),
        "counts": dict(verdict.counts),
        "findings": [_finding(finding) for finding in verdict.findings],
        "not_checkable": [
            {"account": account, "layer": layer.layer, "reason": layer.reason}
            for account, layer in verdict.not_checkable
        ],
        "accounts": [
            {
                "account": account.account,
                "verdict": account.verdict,
                "retired": account.retired and {"at": to_text(account.retired.at), "reason": account.retired.reason},
                "evidence": None if account.evidence is None else account.evidence.to_document(),
                "layers": [_layer(layer) for layer in account.layers],
            }
            for account in verdict.accounts
        ],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "verdict": layer.verdict,
        "reason": layer.reason,
        "checked": dict(layer.checked),
        "counts": dict(layer.counts),
        "findings": [_finding(finding) for finding in layer.findings],
        "not_compared": [unshown._asdict() for unshown in layer.not_compared],
        "balances": [{**balance._asdict(), "agrees": balance.stripe == balance.rows} for balance in layer.balances],
        "sums": [layer_sum._asdict() for layer_sum in layer.sums],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    window = finding.window
    facts: dict[str, Any] = {
        "kind": finding.kind,
        "message": finding.message,
        "path": finding.path,
        "id": finding.id,
        "ids": list(finding.ids) or None,
        "currency": finding.currency,
        "window": [window.start, window.stop] if window else None,
        "expected": finding.expected,
        "found": finding.found,
    }
    return {name: value for name, value in facts.items() if value is not None}
