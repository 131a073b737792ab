"""What templates come to: text, also where it stands for nothing, a number or a list. Pure."""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING, Any

from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NOTHING = frozenset({"", "none", "null"})
"""What a template makes of a value that is not there, in small letters."""


def destination_of(rendered: Any) -> Any:  # noqa: ANN401 - text, or a path
    """Return a destination, if it is one: a folder called `None` is nobody's lake, wherever it would be.

    Raises:
        UsageError: a template came to nothing, or was not rendered.
    """
    if not isinstance(rendered, str):
        return rendered
    found_nothing = rendered.strip().lower() in NOTHING or str(None) in rendered.split("/")
    if found_nothing or "{{" in rendered or "{%" in rendered:
        raise UsageError(
            f"the destination came to {rendered!r}: its template found nothing, or was not rendered; name the lake"
        )
    return rendered


def read_as(rendered: Any, kind: str) -> Any:  # noqa: ANN401 - an option's value, of whatever type
    """Return the value of an option, of a text what it says where the option is a flag, a number or a list.

    Args:
        rendered: as it came; what is no text is returned as it is, and so is a text that cannot be read.
        kind: type of the option, as its table writes it. None, which leaves the option out, is what nothing comes to,
            but for lists: which accounts to read, or what to hide, is never left out by a template that found nothing.
    """
    if not isinstance(rendered, str):
        return rendered
    text, kind = rendered.strip(), kind.removesuffix(" | None")
    if kind.startswith("str | Sequence"):
        return _listed(text)
    if text.lower() in NOTHING:
        return None
    try:
        return _READ[kind](text) if kind in _READ else rendered
    except (KeyError, ValueError):
        return rendered


_FLAGS = {"true": True, "false": False}
_READ: dict[str, Callable[[str], Any]] = {"bool": lambda text: _FLAGS[text.lower()], "int": int, "float": float}


def _listed(text: str) -> object:
    """Return the list that a text is of: as Python writes one, or with commas; else the text."""
    if text.startswith(("[", "(")):
        try:
            return literal_eval(text) or text
        except (SyntaxError, ValueError):
            return text
    parts = [part for word in text.split(",") if (part := word.strip())]
    return parts if len(parts) > 1 else text


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
