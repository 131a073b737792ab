"""An afternoon's script: all balance transactions into one Parquet file. What a connector has to be cheaper than.

One page after the other, no more than 10,000 rows in memory; no days, no order, no check, no compressed pages, no limit
on the pace. It stays as it is: figures of different years are compared with it. It asks `STRIPE_API_BASE` with the key
`STRIPE_API_KEY`, and prints how many rows came. `python tests/benchmarks/afternoon.py FILE`.
"""

from __future__ import annotations

import asyncio
import os
import sys

import aiohttp
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 10_000
FEE = pa.struct(
    {
        "amount": pa.int64(),
        "application": pa.string(),
        "currency": pa.string(),
        "description": pa.string(),
        "type": pa.string(),
    }
)
SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "object": pa.string(),
        "amount": pa.int64(),
        "available_on": pa.int64(),
        "balance_type": pa.string(),
        "created": pa.int64(),
        "currency": pa.string(),
        "description": pa.string(),
        "exchange_rate": pa.float64(),
        "fee": pa.int64(),
        "fee_details": pa.list_(FEE),
        "net": pa.int64(),
        "reporting_category": pa.string(),
        "source": pa.string(),
        "status": pa.string(),
        "type": pa.string(),
    }
)


async def main(file: str) -> int:
    """Write the file; return how many rows are in it."""
    headers = {"Authorization": f"Bearer {os.environ['STRIPE_API_KEY']}", "Accept-Encoding": "identity"}
    url = f"{os.environ['STRIPE_API_BASE']}/v1/balance_transactions"
    query, batch, count, more = {"limit": "100"}, [], 0, True
    async with aiohttp.ClientSession(headers=headers) as session:
        with pq.ParquetWriter(file, SCHEMA) as writer:
            while more:
                async with session.get(url, params=query) as response:
                    response.raise_for_status()
                    page = orjson.loads(await response.read())
                batch += page["data"]
                more = page["has_more"]
                if batch:
                    query["starting_after"] = batch[-1]["id"]
                if len(batch) >= BATCH or not more:
                    writer.write_table(pa.Table.from_pylist(batch, schema=SCHEMA))
                    count += len(batch)
                    batch = []
    return count


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1])))
