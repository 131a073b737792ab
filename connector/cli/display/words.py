"""Numbers, sizes and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING

from connector.core.ledger import money
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def lasting(seconds: float) -> str:
    """Return a duration as `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - tenths matter below ten
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def remaining(seconds: float) -> str:
    """Return an estimate of time left, in whole seconds rounded up."""
    whole = max(1, ceil(seconds))
    return f"{whole} s" if whole < _MINUTE else lasting(whole)


def money_list(net: Mapping[str, int]) -> str:
    """Return sums per currency, each with its currency's decimals."""
    return ", ".join(money.to_text(amount, currency) for currency, amount in net.items()) or "none"


def nets(net: Mapping[str, int], by_balance: Mapping[str, Mapping[str, int]] | None) -> list[tuple[str, str]]:
    """Return what rows add up to as facts: by balance, since one added to another is neither.

    Args:
        net: sum per currency, all balances together.
        by_balance: the same by balance type; None where that is not known.
    """
    if by_balance is None:
        return [("net", f"{money_list(net)}, all balances together")]
    said = [f"{name}: {money_list(sums)}" for name, sums in by_balance.items() if sums]
    return [("" if place else "net", line) for place, line in enumerate(said)] or [("net", "none")]


def moment(second: int) -> str:
    """Return a UTC second as a date, with the time where it is not midnight."""
    at = datetime.fromtimestamp(second, UTC)
    return f"{at:%Y-%m-%d}" if second % _DAY == 0 else f"{at:%Y-%m-%d %H:%M:%S}"


def interval(start: int, stop: int) -> str:
    """Return `[start, stop)`, UTC seconds, in words."""
    if start <= 0:
        return "everything" if stop >= END_OF_TIME else f"everything before {moment(stop)} UTC"
    return f"{moment(start)} on" if stop >= END_OF_TIME else f"{moment(start)} to {moment(stop)} UTC"


def intervals(parts: Iterable[Sequence[int]], *, most: int = 4) -> str:
    """Return intervals in words, those in the middle left out when there are many."""
    texts = [interval(start, stop) for start, stop in parts]
    if len(texts) > most:
        texts = [*texts[: most - 1], f"{len(texts) - most:,} more", texts[-1]]
    return "; ".join(texts) or "nothing"
