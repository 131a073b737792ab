"""Values of options, from the words of the command line. Imports nothing that takes time."""

from __future__ import annotations

import argparse
from pathlib import Path

from connector.config.moments import seconds_given
from connector.core.account_ids import UNNAMED, is_account_id
from connector.core.ledger.money import currency_code


def since(text: str) -> int:
    """Read `--since` as UTC seconds."""
    return seconds_given(text, name="since")


def until(text: str) -> int:
    """Read `--until` as UTC seconds."""
    return seconds_given(text, name="until")


def account(text: str) -> str:
    """Read the id of an account."""
    if not is_account_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of an account, which begins with acct_")
    return text


def account_name(text: str) -> str:
    """Read what the key's own account is called: its id, or `default` in a lake that has no name for it."""
    return text if text == UNNAMED else account(text)


def rate(text: str) -> float:
    """Read requests per second: infinite for 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests per second, 0 or more")
    return value or float("inf")


def count(text: str) -> int:
    """Read a number, at least 0."""
    return _whole(text, "0 or more")


def percent(text: str) -> float:
    """Read a percentage, 0 to 100."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:  # noqa: PLR2004 - percent
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage, 0 to 100")
    return value


def sample(text: str) -> int | None:
    """Read a number, at least 0, or `all` as None."""
    return None if text == "all" else _whole(text, "0 or more, or all")


def positive(text: str) -> int:
    """Read a number, at least 1."""
    return _whole(text, "1 or more", least=1)


def _whole(text: str, which: str, *, least: int = 0) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {which}")
    return int(text)


def code(text: str) -> str:
    """Read a currency's code."""
    return currency_code(text)


def workpaper(text: str) -> Path:
    """Read the name of a file that a workpaper is to be written to, whose folder has to be there."""
    path = Path(text)
    if path.suffix.lower() not in {".html", ".json"}:
        raise argparse.ArgumentTypeError(f"{text!r} ends neither in .html, for a page, nor in .json")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r} to write {path.name!r} to")
    return path
