"""Fetches the newest page so many times, at an even pace, and does nothing with it: no list can be read faster.

It asks `STRIPE_API_BASE` with the key `STRIPE_API_KEY`, asks again what is refused by a limiter, and prints the seconds
it took. `python tests/benchmarks/paced.py REQUESTS RATE`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from http import HTTPStatus

import aiohttp


async def main(requests: int, rate: float) -> float:
    """Return the seconds from the first turn to the last answer."""
    headers = {"Authorization": f"Bearer {os.environ['STRIPE_API_KEY']}"}
    url = f"{os.environ['STRIPE_API_BASE']}/v1/balance_transactions?limit=100"
    now, turn = asyncio.get_running_loop().time, asyncio.Lock()
    began = due = now()
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def fetch() -> None:
            nonlocal due
            status = 0
            while status != HTTPStatus.OK:
                async with turn:  # who is late moves all the others: nothing is made up for in a burst
                    await asyncio.sleep(due - now())
                    due = max(due + 1 / rate, now())
                async with session.get(url) as response:
                    await response.read()
                    status = response.status
                    if status != HTTPStatus.TOO_MANY_REQUESTS:
                        response.raise_for_status()

        await asyncio.gather(*(fetch() for _ in range(requests)))
    return now() - began


if __name__ == "__main__":
    print(asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]))))
