"""One partition of a reading: pages of Stripe's list as batches of the schema that was asked for."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from connector.spark.batches import to_shape
from connector.spark.driver import shared
from connector.spark.offsets import reach, refuse_future
from connector.spark.partitions import likely_in, parts_of, profile_of
from connector.spark.sync_iterator import yielded
from connector.stripe.api import Stripe, client_of
from connector.stripe.identity import identify

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    import pyarrow as pa

    from connector.config.config import Config
    from connector.core.api.page import Row
    from connector.spark.partitions import Part
    from connector.spark.read_options import ReadOptions


async def reached(config: Config, asked: ReadOptions, rows: int) -> int:
    """Return up to where to read what is asked for, for about so many rows of its first account.

    Raises:
        ApiError: see `connector.errors`.
    """
    async with Stripe(config) as stripe:
        client = client_of(stripe)
        own = await identify(client, account=next(iter(asked.accounts), None))
        likely = likely_in(asked.within, own)
        return reach(await profile_of(client, asked, likely), likely, rows)


async def streamed(config: Config, asked: ReadOptions) -> list[Part]:
    """Cut a batch of a stream into partitions.

    Raises:
        ConfigError: it has seconds that are still to come by Stripe's clock.
        ApiError: see `connector.errors`.
    """
    async with Stripe(config) as stripe:
        parts = await parts_of(client_of(stripe), asked)
        refuse_future(asked.within.stop, now=client_of(stripe).server_now or asked.within.stop)
        return parts


async def planned(config: Config, asked: ReadOptions) -> list[Part]:
    """Cut what is asked for into partitions, with a connection for that alone.

    Raises:
        ApiError: see `connector.errors`.
    """
    async with Stripe(config) as stripe:
        return await parts_of(client_of(stripe), asked)


def batches_of(config: Config, part: Part, schema: pa.Schema) -> Generator[pa.RecordBatch]:
    """Read a partition: a batch for each page, in the order they arrive.

    Everything that may pass by itself is waited out in here, as far as the retries of the configuration go. When the
    generator is closed, every request has ended and the connections are closed.

    Args:
        config: whom to ask; the rate is that of all partitions together.
        part: what to read.
        schema: of the batches; it was checked.

    Raises:
        ConnectorError: what ended the reading: then it is not complete.
    """

    async def produce(send: Callable[[pa.RecordBatch], Awaitable[None]]) -> None:
        async with Stripe(shared(config, part.sharers)) as stripe, aclosing(_pages(stripe, part.asked)) as pages:
            async for account, rows in pages:
                await send(to_shape(rows, account or part.own, schema))

    return yielded(produce)


async def _pages(stripe: Stripe, asked: ReadOptions) -> AsyncGenerator[tuple[str | None, list[Row]]]:
    """Yield pages with the account that each is of; of a limit, the newest rows of each account and no more."""
    given: dict[str, Any] = {
        "created_gte": asked.within.start,
        "created_lt": asked.within.stop,
        "expand": asked.expand,
        **asked.filters,
    }
    if asked.limit is None:
        async with stripe.balance_transactions_of(asked.accounts, fail_fast=True, **given) as stream:
            async for page in stream:
                yield page.account, page.rows
        return
    for account in asked.accounts:
        left = asked.limit
        async with stripe.balance_transactions(account=account, ordered=True, **given) as newest:
            async for rows in newest:
                yield account, rows[:left]
                left -= len(rows[:left])
                if not left:
                    break
