"""Whether the rows of a list are what was asked for: a gateway or a cache may answer for another address, or query.

Rows do not say which list they are from. What they say of themselves has to fit: their kind, and what was filtered by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.fields import object_of
from connector.core.mode import mode_of
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.core.api.page import AnyRow, Page

_WAY = "look at what `api_base` leads through"


def refuse_others(page: Page, *, kind: str, filters: Mapping[str, object] | None = None) -> None:
    """Refuse a page with rows that cannot be an answer.

    Args:
        page: of a list.
        kind: what `object` names its rows, such as `balance_transaction`; a row may leave it out.
        filters: values that were filtered by, by the name of the field that has them; None for those that were not.

    Raises:
        ProtocolError: a row is of another kind, or has another value.
    """
    kinds = _values(page.rows, "object")
    if others := kinds - {kind, None}:
        raise ProtocolError(
            f"the list of {kind.replace('_', ' ')}s was asked for, and one of {_shown(others)} came: something on the"
            f" way answers for another address; {_WAY}",
            request_id=page.request_id,
        )
    for name, wanted in (filters or {}).items():
        others = _values(page.rows, name) - {wanted} if wanted is not None else ()
        if others:
            raise ProtocolError(
                f"rows whose {name} is {str(wanted)[:40]} were asked for, and one with {_shown(others)} came:"
                f" something on the way does not heed the filter; {_WAY}",
                request_id=page.request_id,
            )


def refuse_another_mode(
    received: Mapping[str, object],
    livemode: bool | None,  # noqa: FBT001 - as the key's form says
    *,
    request_id: str | None = None,
) -> None:
    """Refuse what is real money where the key's is not, or the other way round.

    Args:
        received: an object; one that does not say passes.
        livemode: of the key; None where its form does not say.
        request_id: `req_…` of the response, where sent.

    Raises:
        ProtocolError: it is of another mode.
    """
    said = received.get("livemode")
    if livemode is None or not isinstance(said, bool) or said is livemode:
        return
    what = str(received.get("id") or received.get("object"))[:60]
    raise ProtocolError(
        f"the key is of {mode_of(livemode)}, and the answer ({what}) is of {mode_of(said)}: something on the way asks"
        f" with another key; {_WAY}",
        request_id=request_id,
    )


def _values(rows: Sequence[AnyRow], name: str) -> set[object]:
    """Return the values of a field; of what cannot be compared, how it is written."""
    values = [_value(row, name) for row in rows]
    try:
        return set(values)
    except TypeError:
        return {value if isinstance(value, str | None) else str(value) for value in values}


def _value(row: AnyRow, name: str) -> object:
    received = object_of(row)
    return getattr(row, name) if received is None else received.get(name)


def _shown(values: Iterable[object]) -> str:
    """Show one of some values, always the same one."""
    return repr(min(str(value)[:40] for value in values))
