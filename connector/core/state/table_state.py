"""What the lake holds for one account: the record that everything else is decided by.

Frozen values and pure steps from one to the next. How it is kept, as a list of records of what each commit changed, is
told in `connector.core.state.record`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connector.core.state.audited import Audits
from connector.core.state.drift import Drift
from connector.core.state.record import NOTHING, Parts
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import PAYMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.data_file import DataFile, ParkedFile
    from connector.core.state.partition import Granularity
    from connector.core.units import AccountId


@dataclass(frozen=True, slots=True)
class TableState:
    """State of one account in a lake.

    Attributes:
        account: whose rows these are.
        format: parquet, jsonl or arrow, with its compression, for example `jsonl.zst`; one for the whole lake.
        partition: how much time one file holds.
        covered: seconds of `created` whose rows are durably in the files.
        livemode: whether the rows are of live mode; None where the key's form does not say.
        read_until: newest second any run has read up to (exclusive); a row found later below it was late.
        files: data files by path.
        api_versions: every `Stripe-Version` that rows were read under, in order of first use.
        drift: how rows have differed from the schema, all runs together; a row read again counts again.
        options: other choices that rows depend on (expansions, columns left out), fixed with the lake.
        audits: how far the past was asked about again.
        account_created: when Stripe says the account was made, UTC seconds: it has no row before; 0 where no run was
            told.
        asked: seconds of `created` that the lake was ever asked for.
        bare: seconds of rows that were read before the lake expanded what it expands now.
        parked: files of rows whose partitions are not whole yet, by path.
        aside: such files of other runs that are at work: theirs to take up, left alone.
        number: of the record that the state goes up to; 0 before the first.
        written: when that record was written, UTC seconds by its writer's clock.
        seen: when it was loaded or committed, UTC seconds by our own clock.
        recorded: the state as it is recorded up to there, taken apart: what a commit says the difference to.
    """

    account: AccountId
    format: str
    partition: Granularity
    covered: Intervals = field(default_factory=Intervals)
    livemode: bool | None = None
    read_until: int = 0
    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    api_versions: tuple[str, ...] = ()
    drift: Drift = field(default_factory=Drift)
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    audits: Audits = field(default_factory=Audits)
    account_created: int = 0
    asked: Intervals = field(default_factory=Intervals)
    bare: Intervals = field(default_factory=Intervals)
    parked: Mapping[str, ParkedFile] = field(default_factory=lambda: MappingProxyType({}))
    aside: Mapping[str, ParkedFile] = field(default_factory=lambda: MappingProxyType({}))
    number: int = 0
    written: int = field(default=0, compare=False)
    seen: float = field(default=0.0, compare=False)
    recorded: Parts = field(default=NOTHING, compare=False, repr=False)

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(file.rows for file in self.files.values())

    @property
    def pending(self) -> int:
        """Rows that were pending when last read."""
        return sum(file.pending for file in self.files.values())

    @property
    def bare_rows(self) -> int:
        """Rows of the files in which there are rows that were read before the lake expanded them, at most."""
        return sum(file.rows for file in self.files.values() if self.bare.touching(file.span)) if self.bare else 0

    @property
    def parked_rows(self) -> int:
        """Rows that were read and are not visible yet; one that was read twice counts twice."""
        return sum(parked_file.file.rows for parked_file in self.parked.values())

    def net(self) -> dict[str, int]:
        """Sum of `net` per currency over all files, in minor units, currencies sorted."""
        return add_net(file.net for file in self.files.values())

    def net_by_balance(self) -> dict[str, dict[str, int]] | None:
        """Sum of `net` per balance type and currency, that of payments first; None where files do not tell them apart.

        Balances are never to be added together: rows that move money from one to the other would count twice.
        """
        apart: dict[str, dict[str, int]] = {}
        for file in self.files.values():
            if file.apart is None:
                return None
            for name, sums in file.apart.items():
                apart[name] = add_net([apart.get(name, {}), sums])
        others = add_net(apart.values())
        payments = {currency: net - others.get(currency, 0) for currency, net in self.net().items()}
        told = {currency: net for currency, net in payments.items() if net or currency not in others}
        return {PAYMENTS: told, **dict(sorted(apart.items()))}


def add_net(sums: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up sums per currency; currencies come out sorted."""
    total: dict[str, int] = {}
    for counts in sums:
        for currency, amount in counts.items():
            total[currency] = total.get(currency, 0) + amount
    return dict(sorted(total.items()))


def believed(state: TableState, *, now: int) -> TableState:
    """Return the state without what it cannot know: seconds that are still to come are not covered.

    Args:
        state: as it was recorded.
        now: UTC seconds.
    """
    past = Interval(0, max(1, now))
    if all(part.stop <= past.stop for part in state.covered):
        return state
    return replace(state, covered=state.covered.within(past), read_until=min(state.read_until, past.stop))
