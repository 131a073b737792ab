"""Things by their ids, in whichever of several accounts they are: many at once, reported in the order of the ids."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from connector.core.account_failures import OWN, AccountFailures
from connector.errors import ApiError, NotFoundError, PermissionDeniedError, ServerError, UsageError
from connector.running.concurrency import tasks_with_one_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

T = TypeVar("T")

AHEAD = 100
"""Questions under way at most; the pace holds them back further."""

ABREAST = 20
"""Accounts asked for one id at once: after each so many, it is seen whether one of them had it."""


def ids_of(words: Sequence[str], checked: Callable[[str], str], *, prefixes: str) -> list[str]:
    """Return the ids, those of stdin where `-` stands.

    Args:
        words: of the command line.
        checked: returns an id as it is asked for, or raises.
        prefixes: what ids begin with, for the message.

    Raises:
        UsageError: when one cannot be an id, or there is none.
    """
    ids: list[str] = []
    for word in words:
        ids += [checked(line) for line in (_stdin() if word == "-" else [word]) if line.strip()]
    if not ids:
        where = "on stdin: write one a line, each" if "-" in words else "given: name some, each"
        raise UsageError(f"no ids {where} beginning with {prefixes}")
    return ids


def _stdin() -> list[str]:
    if sys.stdin is None:  # closed by whoever started us
        return []
    try:
        return sys.stdin.read().removeprefix("\ufeff").splitlines()  # which some spreadsheets begin a file with
    except UnicodeDecodeError as error:
        raise UsageError("stdin is not text: write one id a line") from error


@dataclass(slots=True)
class Search(Generic[T]):
    """Looks for things, first where others of them were found: ids that are asked for together often belong together.

    Attributes:
        fetch: asks one account for one id.
        accounts: where to look, in this order; None stands for the key's own. At least one.
        take: given what became of each id, in order: the thing, or why there is none.
    """

    fetch: Callable[[str, str | None], Awaitable[T]]
    accounts: Sequence[str | None]
    take: Callable[[T | ApiError], None]
    _had: dict[str | None, None] = field(default_factory=dict[str | None, None], init=False)
    _failed: AccountFailures = field(init=False)

    def __post_init__(self) -> None:
        self._failed = AccountFailures(len(self.accounts))

    async def run(self, ids: Sequence[str]) -> None:
        """Look for every id.

        Raises:
            ConnectorError: what is no matter of a single id, such as a refused key; ids before it are reported.
        """
        ahead = AHEAD // min(len(self.accounts), ABREAST)
        waiting: deque[asyncio.Future[T | ApiError]] = deque()
        async with tasks_with_one_error() as tasks:

            async def find(object_id: str, answer: asyncio.Future[T | ApiError]) -> None:
                answer.set_result(await self._find(object_id))

            for object_id in ids:
                if len(waiting) >= ahead:
                    self.take(await waiting.popleft())
                waiting.append(asyncio.get_running_loop().create_future())
                tasks.start_soon(find, object_id, waiting[-1])
            while waiting:
                self.take(await waiting.popleft())

    async def _find(self, object_id: str) -> T | ApiError:
        """Return the thing from the first account that has it, else what the accounts said."""
        refusals: dict[type[ApiError], ApiError] = {}  # the first of each class: there may be thousands
        asked: set[str | None] = set()
        rest = iter(self.accounts)
        while some := self._next(rest, asked):
            asked.update(some)
            for account, answer in zip(some, await self._ask_all(object_id, some), strict=True):
                if not isinstance(answer, ApiError):
                    self._had[account] = None
                    return answer
                refusals.setdefault(type(answer), answer)
        return self._why(list(refusals.values()))

    def _next(self, rest: Iterator[str | None], asked: set[str | None]) -> list[str | None]:
        """Return the accounts to ask next: those that had something meanwhile, else the next ones."""
        likely = [account for account in self._had if account not in asked]
        return likely[:ABREAST] or list(islice((account for account in rest if account not in asked), ABREAST))

    async def _ask_all(self, object_id: str, accounts: Sequence[str | None]) -> list[T | ApiError]:
        """Ask several accounts at once, and return their answers in order."""
        answers: dict[int, T | ApiError] = {}

        async def ask(position: int, account: str | None) -> None:
            answers[position] = await self._ask(object_id, account)

        async with tasks_with_one_error() as tasks:
            for position, account in enumerate(accounts):
                tasks.start_soon(ask, position, account)
        return [answers[position] for position in range(len(accounts))]

    async def _ask(self, object_id: str, account: str | None) -> T | ApiError:
        """Ask one account; what is no matter of this account and id alone is raised."""
        try:
            answer: T | ApiError = await self.fetch(object_id, account)
        except NotFoundError as error:
            error.account, answer = error.account or account, error
        except (PermissionDeniedError, ServerError) as error:
            if len(self.accounts) == 1 or not self._failed.tolerate(account or OWN, error):
                raise
            return error
        self._failed.succeeded()
        return answer

    def _why(self, refusals: Sequence[ApiError]) -> ApiError:
        """Return the error to report: first that of an account that did not say, for it may have the thing."""
        for kind in (ServerError, PermissionDeniedError):
            if (refused := next((error for error in refusals if isinstance(error, kind)), None)) is not None:
                return refused
        first = refusals[0]
        if len(self.accounts) > 1:
            hint = f"it is in none of the {len(self.accounts):,} accounts asked"
        elif self.accounts[0] is None:
            hint = "if it is a connected account's, name that with --account, or look in --all-accounts"
        else:
            hint = "it may be another account's"
        return NotFoundError(
            f"{first.message}; {hint}",
            status=first.status,
            code=first.code,
            param=first.param,
            request_id=first.request_id,
            request_log_url=first.request_log_url,
            account=first.account if len(self.accounts) == 1 else None,
        )
