"""The records of a lake's state, as files: for tests that look at them, or harm them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path("_stripe_balance") / "state"


def records(lake: Path, table: str = "balance_transactions") -> list[Path]:
    """Every record of a table, by account and number."""
    return sorted((lake / FOLDER / table).rglob("*.json"))


def newest(lake: Path, table: str = "balance_transactions", account: str | None = None) -> Path:
    """The newest record of an account, which is the only one if it is not named."""
    (folder,) = [one for one in (lake / FOLDER / table).iterdir() if account in {None, one.name}]
    return max(folder.glob("*.json"))


def accounts(lake: Path, table: str = "balance_transactions") -> set[str]:
    """The accounts that a table has records of."""
    folder = lake / FOLDER / table
    return {one.name for one in folder.iterdir()} if folder.exists() else set()


def change_every(lake: Path, table: str, change: Any) -> None:
    """Change what every record of a table says, by a function of its document."""
    for path in records(lake, table):
        document = json.loads(path.read_bytes())
        path.write_text(json.dumps(change(document) or document))
