"""The page on errors, made from their classes: `python -m tests.support.errors_page` writes it anew."""

from __future__ import annotations

import inspect
from pathlib import Path

from connector import errors
from connector.errors import ConnectorError

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

OF_ITS_OWN = {
    "StoppedError": "75; after a signal 128 and its number",
    "AccountsError": "that of the first whose error may pass by itself, else of the first",
    "UnpublishedError": "that of its cause",
    "ProtocolError": "65; 75 where what came is none of the API's answers, such as a page of HTML",
}
"""Classes whose errors have a status each."""

HEAD = """\
# Errors

Every error that leaves the package is a `connector.ConnectorError`; an `except` of a class takes those below it, too.
The status is what the command line ends with. *Again* says whether the same call may succeed later, unchanged:
`retryable`. Messages say what happened this once, and what to do about it; `error.remedy`, and `remedy` in the JSON of
`--json`, is what helps with any error of the class. [What else an error carries](library.md#errors).

<!-- made from connector/errors.py: python -m tests.support.errors_page -->

| error | what happened | what to do | status | again |
|---|---|---|---|---|
"""


def classes() -> list[type[ConnectorError]]:
    """Every class, each before those that are made from it."""
    found = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, ConnectorError)]
    return sorted(found, key=lambda one: [base.__name__ for base in reversed(one.__mro__)])


def render() -> str:
    """Return the page."""
    return HEAD + "".join(f"| {' | '.join(cells(one))} |\n" for one in classes())


def cells(kind: type[ConnectorError]) -> list[str]:
    """Return a class's line: its name stands further in, the more it is made from others."""
    deep = "· " * (len(kind.__mro__) - len(ConnectorError.__mro__))
    happened = " ".join((kind.__doc__ or "").split("\n\n")[0].split()).rstrip(".")
    status = OF_ITS_OWN.get(kind.__name__, str(kind.exit_code))
    again = (
        "as its status says"
        if kind.__name__ in {"AccountsError", "ProtocolError", "UnpublishedError"}
        else _words(kind)
    )
    return [f"{deep}`{kind.__name__}`", happened.replace("|", "\\|"), kind.remedy.replace("|", "\\|"), status, again]


def _words(kind: type[ConnectorError]) -> str:
    return "yes" if kind.retryable else "no"


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
