"""What the tables of payouts do without, where the balance transactions beside them do: no join brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.json_text import REPEATED
from connector.tables.arrow import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.core.privacy import Privacy
    from connector.tables.fields import Json

_INSIDE_SOURCE = "source."


def hidden_columns(table: str, privacy: Privacy) -> tuple[str, ...]:
    """Name the columns that are null in a table of payouts, in its order.

    A payout's own balance transaction has the payout's description, and the payout for its source. What the lake keeps
    a hash of is null here: payouts are read without the salt.

    Args:
        table: `payouts` or `payout_transactions`.
        privacy: what the lake leaves out and hashes of its balance transactions.
    """
    names = {*privacy.omit, *privacy.hash}
    if table == "payouts":
        paths = [name.removeprefix(_INSIDE_SOURCE) for name in names if name.startswith(_INSIDE_SOURCE)]
        names = {path.partition(".")[0] for path in paths} | names & {"description"}
    return tuple(field.name for field in arrow_schema(table) if field.nullable and field.name in names)


def hide(row: Json, columns: Collection[str]) -> Json:
    """Return a row of such a table with null in these columns; a payout's own pair goes on naming the payout."""
    own = "payout_id" in row and row["type"] == "payout" and row["source"] == row["payout_id"]
    row = {name: value for name, value in row.items() if name != REPEATED}  # of what is hidden, too
    return {**row, **{name: None for name in columns if name in row and not (own and name == "source")}}
