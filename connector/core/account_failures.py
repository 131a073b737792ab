"""Several accounts in one run: what to do about the others when one of them fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from connector.errors import (
    AccountsError,
    ApiError,
    AuthenticationError,
    ConnectorError,
    DamagedError,
    SchemaError,
    StateError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

E = TypeVar("E", bound=BaseException)

OUTAGE = 5
"""Accounts in a row that fail by what may pass by itself, after which the others are not tried any more."""

OWN = "the key's own account"
"""Stands for its name where that is not known."""


def without_frames(error: E) -> E:
    """Take the traceback from an error that is kept, and from all it came from: frames hold the pages and rows there.

    Errors are kept by the thousand, of accounts that are long done with.
    """
    failures: list[BaseException] = [error]
    seen: set[int] = set()
    while failures:
        failure = failures.pop()
        if id(failure) in seen:
            continue
        seen.add(id(failure))
        failure.__traceback__ = None
        failures += [other for other in (failure.__cause__, failure.__context__) if other is not None]
        if isinstance(failure, BaseExceptionGroup):
            failures += cast("tuple[BaseException, ...]", failure.exceptions)
    return error


@dataclass(slots=True)
class AccountFailures:
    """The accounts of a run that failed, while the others go on.

    Attributes:
        of: how many accounts there are.
        fail_fast: end with the first that fails.
        errors: what ended each of them, by its name.
    """

    of: int
    fail_fast: bool = False
    errors: dict[str, ConnectorError] = field(init=False, default_factory=dict[str, ConnectorError])
    _in_a_row: int = field(init=False, default=0)

    def tolerate(self, account: str, error: ConnectorError, *, quiet: bool = True) -> bool:
        """Note an account's error, and say whether the others are to be read all the same.

        They are not when the error is the key's, the disk's or the caller's, or when it looks like an outage: then it
        is the run's own error, and is not noted.

        Args:
            account: its name.
            error: what ended it.
            quiet: whether no row of any account came while this one was tried; while some come, there is no outage.
        """
        error.account = error.account or account
        self._in_a_row = self._in_a_row + 1 if error.retryable and quiet else 0
        if self.fail_fast or isinstance(error, AuthenticationError):
            return False
        if self._in_a_row >= OUTAGE:
            error.message = f"{error.message}; {OUTAGE} accounts in a row failed by what may pass, as in an outage"
            return False
        if not isinstance(error, ApiError | StateError | SchemaError):
            return False
        self.errors[account] = without_frames(error)
        return True

    def succeeded(self) -> None:
        """Note that an account was read to its end: there is no outage."""
        self._in_a_row = 0

    def failure(self, damages: Mapping[str, str]) -> AccountsError | DamagedError | None:
        """Return what a run ends with; None where every account ended well.

        Args:
            damages: what could not be mended, by account, in words.
        """
        if not self.errors and not damages:
            return None
        if not self.errors:
            account, damage = next(iter(damages.items()))
            more = f"; and {len(damages) - 1:,} more accounts have lost something" if len(damages) > 1 else ""
            return DamagedError(f"{damage}{more}", account=account)
        for account, damage in damages.items():
            self.errors.setdefault(account, DamagedError(damage, account=account))
        return self.summed_up()

    def summed_up(self, report: object = None) -> AccountsError:
        """Return what a run ends with in which some accounts failed, with its report."""
        failure = AccountsError(self.errors, of=self.of)
        failure.report = report
        return failure
