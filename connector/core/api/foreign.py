"""Answers with a status of success that are none of the API's: something on the way gave, emptied or cut them.

A page of HTML, nothing at all, half an object, one that was damaged within, a refusal whose status a gateway has made
200. None of them can be a list that ends, so that asking again risks nothing; what decodes and breaks the contract is
another matter (decision 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.json_text import MARK
from connector.core.api.page import decode_object
from connector.core.api.protocol import error_of
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from connector.core.api.protocol import Response

_LOOK = 64
"""Bytes at either end of a body in which an object of the API begins and ends."""

_ERROR = b'"error"'


def foreign(response: Response, *, key: str = "", ends_only: bool = False) -> ProtocolError | None:
    """Say what is wrong with a success that is no object of the API; None where it is one.

    Args:
        response: a complete one, of a status of success.
        key: the API key, taken out of anything quoted from the response.
        ends_only: whether to look at nothing but the ends of the body: for those who find out what is within as they
            decode it.
    """
    body = response.body
    begins, ends = body[:_LOOK].removeprefix(MARK).lstrip(), body[-_LOOK:].rstrip()
    of_the_way = begins[:1] != b"{" or ends[-1:] != b"}"
    if of_the_way or not ends_only:
        try:
            decode_object(body, request_id=response.request_id)
        except ProtocolError as error:
            if of_the_way or error.may_pass:
                return _passing(error, response)
    if begins[1:].lstrip().startswith(_ERROR) and (said := error_of(response, key=key)) is not None:
        return _passing(said, response)
    return None


def _passing(error: ProtocolError, response: Response) -> ProtocolError:
    error.connection = response.connection
    error.came_from_the_way()
    return error
