"""Task groups that fail with one error instead of a group of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar, cast

import anyio

from connector.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator

    from anyio.abc import TaskGroup

T = TypeVar("T")


@asynccontextmanager
async def tasks_with_one_error() -> AsyncGenerator[TaskGroup, None]:
    """Open a task group whose first `ConnectorError` is raised by itself.

    Raises:
        ConnectorError: the first of any task or of the block, `from` the group where there were others.
        BaseExceptionGroup: what failed otherwise, unless it was one error alone.

    An error that no other attempt would mend is raised rather than one that another might.

    What ends the program (`KeyboardInterrupt`, `SystemExit`) stays in its group where a task raised it: asyncio has let
    it out of the event loop by then. Raised by itself once more, it would leave while the loop is closed, before the
    loop has told its worker threads to end, and the process would wait for those for ever.
    """
    ending: BaseException | None = None
    try:
        async with anyio.create_task_group() as tasks:
            try:
                yield tasks
            except (KeyboardInterrupt, SystemExit) as error:
                ending = error
                raise
    except BaseExceptionGroup as group:
        errors = list(_leaves(group))
        ours = sorted(
            (error for error in errors if isinstance(error, ConnectorError)), key=lambda error: error.retryable
        )
        if ours:
            raise ours[0] from (group if len(errors) > 1 else ours[0].__cause__)
        if len(errors) == 1 and (errors[0] is ending or not isinstance(errors[0], (KeyboardInterrupt, SystemExit))):
            raise errors[0] from errors[0].__cause__
        raise


async def in_turn(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Do the same with every item, so many at once; a task for each of those, not for each item.

    Raises:
        ConnectorError: the first that `work` raised; the others are cancelled.
    """
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    async with tasks_with_one_error() as tasks:
        for _ in range(at_once):
            tasks.start_soon(worker)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(cast("BaseExceptionGroup[BaseException]", error))
        else:
            yield error
