"""Of which version of the API rows are: each answer says it, and a gateway may have asked under another than we did."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.core.api.protocol import Response

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]{1,40})?")
_DATE = len("2026-10-28")

_MOST = 8
"""Versions that are remembered."""


@dataclass(slots=True)
class Versions:
    """Versions that answers with rows were of.

    Attributes:
        asked: `Stripe-Version` of the requests.
    """

    asked: str
    _heard: list[str] = field(init=False, default_factory=list[str])

    def heard(self, response: Response) -> None:
        """Take note of an answer; one that does not say its version, or not in its form, is of the one asked for.

        Source: docs.stripe.com/api/versioning.
        """
        said = response.headers.get("stripe-version", "")
        version = said if _VERSION.fullmatch(said) and said[:_DATE] != self.asked[:_DATE] else self.asked
        if version not in self._heard and len(self._heard) < _MOST:
            self._heard.append(version)

    @property
    def of_rows(self) -> tuple[str, ...]:
        """Versions that rows were read under, in order of first use; the one asked for before the first answer."""
        return tuple(self._heard) or (self.asked,)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to tell whoever looks after the lake: nothing where all answers were of the version asked for."""
        others = [version for version in self._heard if version != self.asked]
        if not others:
            return ()
        told = (
            f"Stripe answered under version {', '.join(others)}, and {self.asked} was asked for: rows may lack fields,"
            " or mean something else by them; does something on the way set the header Stripe-Version?"
        )
        return (told,)

    def added_to(self, there: tuple[str, ...]) -> tuple[str, ...]:
        """Return versions with those of rows that are not among them."""
        return (*there, *(version for version in self.of_rows if version not in there))
