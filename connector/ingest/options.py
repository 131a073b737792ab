"""What to sync, apart from where to and as whom."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from connector.config.moments import seconds_given
from connector.config.salt import Salt
from connector.core.account_ids import given_accounts, given_name, is_account_id
from connector.core.privacy import Privacy
from connector.core.state.partition import Granularity
from connector.core.time.times import interval_of
from connector.errors import UsageError
from connector.options.lake import DEFAULT_AUDIT, DEFAULT_SETTLE
from connector.options.run import DEFAULT_KEEP_RUNS
from connector.stripe.listing.query import Query, checked_expansion, in_each_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.time.intervals import Interval


MOST_DAYS = 100_000
"""Days that a report may be asked to be kept."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to sync, apart from where to and as whom.

    Attributes:
        since: first second of `created`, or None for the beginning.
        until: second after the last, or None for everything there is.
        format: name of a format, or None for that of the lake (Parquet for a new one).
        partition: how much time one file holds, or None for that of the lake (a day for a new one).
        expand: paths to expand in each row, without `data.`; fixed with the lake.
        settle: seconds before now up to which rows count as all visible, at least 0.
        accounts: connected accounts to read, None standing for the key's own; empty for the key's own alone.
        all_accounts: read the key's own account and every connected one, instead of naming them.
        account_id: name of the key's own account, where the key may not ask for it.
        full_refresh: read all that is asked for again.
        all_due: read rows again whose status is due to change also where they are not asked for.
        repair: compare every file with the state by its bytes, read again what was changed or lost, and remove files
            that no state names.
        balance: add a snapshot of the balance to the lake, taken before the rows are read.
        backfill: have a lake made without what is expanded take it up, and read its rows again for it, some at a time.
        dry_run: stop before reading.
        fail_fast: end the run with the first account that fails; else the others are read all the same.
        existing: refuse to make a new lake.
        source_columns: whether expanded charges, refunds, disputes and payouts have columns; fixed with the lake.
        omit: columns and paths to leave out; fixed with the lake. See `connector.core.privacy`.
        hash: columns and paths to replace by a salted hash; fixed with the lake.
        salt: of the hashes.
        strict_schema: refuse rows that differ from the schema, instead of keeping and counting them.
        audit: percent of the requests, 0 to 100, that are spent on asking about the past again: at least one, at most
            fifty, all accounts together; 0 for none. See `connector.core.planning.audit.audit`.
        catalog: name of the catalog that Iceberg tables are in, or None for that of the lake.
        keep_runs: days that reports of runs are kept in the lake, at least 0; the newest 400 are kept whatever their
            age.
        lake: id of the lake that this was planned for, as windows of a plan have it: another one is refused.
        accounts_created: connected accounts that Stripe listed when this was planned, as windows of a plan have them,
            each with when it was made, UTC seconds, or 0: they need not be asked who they are.
    """

    since: int | None = None
    until: int | None = None
    format: str | None = None
    partition: Granularity | None = None
    expand: tuple[str, ...] = ()
    settle: int = DEFAULT_SETTLE
    accounts: tuple[str | None, ...] = ()
    all_accounts: bool = False
    account_id: str | None = None
    full_refresh: bool = False
    all_due: bool = False
    repair: bool = False
    balance: bool = False
    backfill: bool = False
    dry_run: bool = False
    fail_fast: bool = False
    existing: bool = False
    source_columns: bool = False
    omit: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    salt: Salt | None = None
    strict_schema: bool = False
    audit: float = DEFAULT_AUDIT
    catalog: str | None = None
    keep_runs: int = DEFAULT_KEEP_RUNS
    lake: str | None = None
    accounts_created: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        interval_of(self.since, self.until)
        if self.settle < 0:
            raise UsageError(f"`settle` {self.settle} must be at least 0 seconds")
        if type(self.audit) not in {int, float} or not 0 <= self.audit <= 100:  # noqa: PLR2004 - percent
            raise UsageError(f"`audit` {self.audit!r} must be a percentage, 0 to 100; 0 turns it off")
        if type(self.keep_runs) is not int or not 0 <= self.keep_runs <= MOST_DAYS:
            raise UsageError(f"`keep_runs` {self.keep_runs!r} must be a whole number of days, 0 to {MOST_DAYS:,}")
        given_accounts(self.accounts)
        for account, created in (self.accounts_created or {}).items():
            if not is_account_id(account) or type(created) is not int or created < 0:
                raise UsageError(
                    "`accounts_created` must be as windows of a plan have it: ids of accounts, with seconds"
                )
        if given_name(self.account_id) and (self.accounts or self.all_accounts):
            raise UsageError("`account_id` names the key's own account: it does not go with `account`")
        if self.accounts and self.all_accounts:
            raise UsageError("`all_accounts` are all there are: it does not go with `account`")
        if self.backfill and not self.expand:
            raise UsageError("`backfill` reads older rows again for what is expanded: add `expand=source`")
        self._check_sources()

    @property
    def privacy(self) -> Privacy:
        """What personal data the lake does without.

        Raises:
            UsageError: a name is none, or means what a ledger cannot do without.
        """
        return Privacy(self.omit, self.hash)

    @property
    def of_lake(self) -> dict[str, Any]:
        """The choices that rows depend on, fixed with the lake."""
        return {
            **({"expand": sorted(self.expand)} if self.expand else {}),
            **({"source_columns": True} if self.source_columns else {}),
            **self.privacy.of_lake(),
            **({"salt": self.salt.fingerprint} if self.hash and self.salt else {}),
        }

    def query(self, account: str | None) -> Query:
        """Return what to list of an account."""
        return Query(expand=in_each_row(self.expand), account=account)

    @property
    def several(self) -> bool:
        """Whether there may be more than one account to read."""
        return self.all_accounts or len(self.accounts) > 1

    @property
    def asked(self) -> Interval:
        """The seconds asked for."""
        return interval_of(self.since, self.until)

    def _check_sources(self) -> None:
        """Refuse what makes no sense of a source that is expanded, or that is not.

        Raises:
            UsageError: says what is missing.
        """
        for path in self.expand:
            checked_expansion(path)
        privacy, expanded = self.privacy, any(path.split(".")[0] == "source" for path in self.expand)
        if self.source_columns and not expanded:
            raise UsageError("`source_columns` are columns of the expanded source: add `expand=source`")
        if privacy.inside_source and not expanded:
            raise UsageError(f"{privacy.inside_source[0]} is inside the expanded source: add `expand=source`")
        if expanded and privacy.hides_source and "source_object" not in self.omit:
            raise UsageError("the expanded source holds the id of source, too: add `omit=source_object`")
        if self.hash and self.salt is None:
            raise UsageError("`hash` needs a salt")


def options_of(given: Mapping[str, Any]) -> Options:
    """Return the options of a call, its words read: times, a partition's name, one name where there may be several.

    Args:
        given: options of `sync` or `plan`; what only the call itself heeds does not matter.

    Raises:
        UsageError: a value makes no sense.
    """
    options = {field.name: given[field.name] for field in fields(Options) if field.name in given}
    if options.get("partition") is not None:
        try:
            options["partition"] = Granularity(options["partition"])
        except ValueError as error:
            raise UsageError(f"`partition` {options['partition']!r} is none of day, month, year") from error
    for name in ("expand", "accounts", "omit", "hash"):
        value = options.get(name)
        alone = isinstance(value, str) and (value or name == "accounts")  # no account has an empty id
        options[name] = (value,) if alone else tuple(value or ())
    Privacy(options["omit"], options["hash"])  # what cannot be hashed is refused before its salt is missed
    if options["hash"] and options.get("salt") is None:
        options["salt"] = Salt.find()
    if type(options.get("settle", 0)) is not int:
        raise UsageError(f"`settle` must be a whole number of seconds, not {options['settle']!r}")
    for name in ("since", "until"):
        if options.get(name) is not None:
            options[name] = seconds_given(options[name], name=name)
    return Options(**options)
