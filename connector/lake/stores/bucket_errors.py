"""What a bucket's store answered: whether another attempt may help, and what to tell people of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_BUCKET = re.compile(r"<Code>(NoSuchBucket|ContainerNotFound)</Code>|The specified bucket does not exist")
_DETAILS = re.compile(r"\s*Debug source:.*", re.DOTALL)
_QUERY = re.compile(r"\?[^\s\"')]*")
_STATUS = re.compile(r"status code: (\d{3})")
_FOR_GOOD = re.compile(r"3\d\d|400|405|411|413|414|501|505")
_PASSES = re.compile(r"<Code>(RequestTimeout|IncompleteBody|BadDigest|OperationAborted)</Code>")
_REDIRECT = "Received redirect without LOCATION"

UNKNOWN_OPERATION = 501
"""Status of a request that the store does not know."""


def status_of(error: Exception) -> int | None:
    """Return the HTTP status that an error tells of; None where there was no answer."""
    found = _STATUS.search(str(error))
    return None if found is None else int(found[1])


def is_no_bucket(error: Exception) -> bool:
    """Say whether the store said that there is no such bucket."""
    return bool(_NO_BUCKET.search(str(error)))


def is_refused(error: Exception) -> bool:
    """Say whether the store does not let us in; obstore's listings tell that like any other failure."""
    return status_of(error) in {401, 403}


def is_for_good(error: Exception) -> bool:
    """Say whether no other attempt would mend it: another region, no such operation, a request that is none."""
    if _REDIRECT in str(error):
        return True
    return bool(_FOR_GOOD.fullmatch(str(status_of(error)))) and not _PASSES.search(str(error))


def client_message(error: Exception, secrets: Iterable[str] = ()) -> str:
    """Return what a client says of an error, in one line, without what addresses have behind a question mark.

    Args:
        error: of the client.
        secrets: what must not be shown besides.
    """
    return sentence(_QUERY.sub("", _DETAILS.sub("", str(error))), secrets)[:500]
