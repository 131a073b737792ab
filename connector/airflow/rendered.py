"""What templates come to: text, also where it stands for nothing, or for a list. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING = frozenset({"", "none", "null"})
"""What a template makes of a value that is not there, in small letters."""


def destination_of(rendered: Any) -> Any:  # noqa: ANN401 - text, or a path
    """Return a destination, if it is one: a folder called `None` in a worker's own folder is nobody's lake.

    Raises:
        UsageError: a template came to nothing, or was not rendered.
    """
    if isinstance(rendered, str) and (rendered.strip().lower() in NOTHING or "{{" in rendered or "{%" in rendered):
        raise UsageError(
            f"the destination came to {rendered!r}: its template found nothing, or was not rendered; name the lake"
        )
    return rendered


def windows_of(rendered: Any) -> Sequence[Mapping[str, Any]]:  # noqa: ANN401 - what was planned, as it came
    """Return the windows of a plan, none where nothing was planned.

    Raises:
        UsageError: they came as text, as templates make it of a list.
    """
    if isinstance(rendered, str):
        raise UsageError(
            "`windows` came as text, as a template makes it of a list: give `plan.output` itself, or the DAG"
            " `render_template_as_native_obj=True`"
        )
    return rendered or ()
