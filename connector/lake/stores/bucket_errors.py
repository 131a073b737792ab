"""What a bucket's store answered: whether another attempt may help, what to tell people of it, and what they can do.

Stores say why they refuse by a code, in XML, in the body of an answer; one to HEAD has no body. The codes are those of
docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, learn.microsoft.com/rest/api/storageservices
(blob-service-error-codes) and cloud.google.com/storage/docs/xml-api/reference-status.
"""

from __future__ import annotations

import re
from enum import Enum
from html import unescape
from typing import TYPE_CHECKING

from connector.lake.stores.credentials import SET
from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_BUCKET = re.compile(
    r"<Code>(NoSuchBucket|ContainerNotFound|ContainerBeingDeleted)</Code>|The specified bucket does not exist"
)
_DETAILS = re.compile(r"\s*Debug source:.*", re.DOTALL)
_WRAPPED = re.compile(r"\s*\x1b\[\d+m↳\x1b\[0m\s*")
_QUERY = re.compile(r"(?<!<)\?(?!>)[^\s\"')<]*")
_STATUS = re.compile(r"status code: (\d{3}[A-Za-z ]*)")
_CODE = re.compile(r"<Code>\s*([\w.:-]{1,80})\s*</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)")
_DETAIL = re.compile(r"<AuthenticationErrorDetail>([^<]*)")
_FOR_GOOD = re.compile(r"3\d\d|400|405|411|413|414|501|505")
_PASSES = frozenset({"RequestTimeout", "IncompleteBody", "BadDigest", "OperationAborted"})
_REDIRECT = "Received redirect without LOCATION"
_NO_ENTRANCE = "lacked valid authentication credentials"
_PROVIDER = re.compile(r"External \w+ credential provider")
_NO_STORE = re.compile(r"Header missing from response|Got invalid .{0,40}response")

BAD_REQUEST, SERVER_ERROR, UNKNOWN_OPERATION = 400, 500, 501
"""Statuses: the first of refusals, the first of failures, that of a request that the store does not know."""


class Act(Enum):
    """What was asked of a store; the value begins messages."""

    LIST = "listing"
    LOOK = "looking at"
    READ = "reading"
    WRITE = "writing"
    DELETE = "deleting"


_RIGHTS = {
    "s3": {Act.LIST: "s3:ListBucket", Act.LOOK: "s3:GetObject and s3:ListBucket", Act.READ: "s3:GetObject and"
           " s3:ListBucket", Act.WRITE: "s3:PutObject", Act.DELETE: "s3:DeleteObject"},
    "gs": {Act.LIST: "storage.objects.list", Act.LOOK: "storage.objects.get", Act.READ: "storage.objects.get",
           Act.WRITE: "storage.objects.create and storage.objects.delete", Act.DELETE: "storage.objects.delete"},
}  # fmt: skip
"""What allows an act, by scheme."""

_ANY_RIGHT = "the role Storage Blob Data Contributor"

_OF_CODES = {
    "run_out": "ExpiredToken ExpiredTokenException TokenRefreshRequired",
    "clock": "RequestTimeTooSkewed RequestExpired",
    "right": "AccessDenied AllAccessDisabled AccountProblem AuthorizationFailure AuthorizationPermissionMismatch"
    " AuthorizationProtocolMismatch AuthorizationResourceTypeMismatch AuthorizationServiceMismatch"
    " AuthorizationSourceIPMismatch InsufficientAccountPermissions",
    "login": "InvalidAccessKeyId SignatureDoesNotMatch InvalidToken InvalidSecurity NotSignedUp AuthenticationFailed"
    " AuthenticationRequired InvalidAuthenticationInfo NoAuthenticationInformation",
    "held": "LeaseIdMissing LeaseIdMismatchWithBlobOperation LeaseNotPresentWithBlobOperation LeaseLost",
    "kept": "BlobImmutableDueToPolicy BlobImmutableDueToLegalHold ObjectLocked ObjectUnderActiveHold"
    " RetentionPolicyNotMet SnapshotsPresent",
    "archived": "InvalidObjectState BlobArchived BlobBeingRehydrated",
}
"""Stores' codes, by what kind of refusal they tell of."""

_KIND_OF_CODE = {code: kind for kind, codes in _OF_CODES.items() for code in codes.split()}

_ADVICE = {
    "run_out": "its session token has run out: get credentials anew, then run again, which goes on from there",
    "clock": "set the clock of this machine, by which requests are signed",
    "held": "somebody has a lease on it: have it released, or break it, then run again",
    "kept": "a rule keeps objects from being replaced or removed (retention, a legal hold, snapshots), which a lake"
    " does with its own: take that off its folder, or name another bucket",
    "archived": "it has been moved to an archive: restore it, and let no lifecycle rule move what is in a lake",
}

_IN_WORDS = (
    (re.compile(r"retention|object.?lock|WORM|legal hold|immutab", re.IGNORECASE), "kept"),
    (re.compile(r"not valid in the specified time frame|token (is|has) expired", re.IGNORECASE), "run_out"),
    (re.compile(r"Date header|clock skew", re.IGNORECASE), "clock"),
    (re.compile(r"failed to authenticate", re.IGNORECASE), "login"),
)
"""What is said where codes are of everything: Azure has one for all signatures, Google one for all refusals."""


def status_of(error: Exception) -> int | None:
    """Return the HTTP status that an error tells of; None where there was no answer."""
    match = _STATUS.search(str(error))
    return None if match is None else int(match[1][:3])


def is_no_bucket(error: Exception) -> bool:
    """Say whether the store said that there is no such bucket."""
    return bool(_NO_BUCKET.search(str(error)))


def is_refused(error: Exception) -> bool:
    """Say whether the store does not let us in; obstore's listings tell that like any other failure."""
    return status_of(error) in {401, 403} or _NO_ENTRANCE in str(error)


def is_no_store(error: Exception) -> bool:
    """Say whether what came is the answer of something else than a store, such as a console's or a portal's page."""
    return bool(_NO_STORE.search(str(error)))


def is_for_good(error: Exception) -> bool:
    """Say whether no other attempt would mend it: not let in, another region, no such operation, a rule against it."""
    if _REDIRECT in str(error) or is_refused(error) or _kind_of(error) is not None:
        return True
    return bool(_FOR_GOOD.fullmatch(str(status_of(error)))) and _code_of(error) not in _PASSES


def what_to_do(error: Exception, act: Act, scheme: str) -> str:
    """Return what is to be said of an answer that is for good: who refuses what, the store's words, and the remedy.

    Args:
        error: of the client.
        act: what was asked.
        scheme: of the store.
    """
    kind, told = _kind_of(error), client_message(error)
    if kind == "right":
        right = _RIGHTS.get(scheme, {}).get(act, _ANY_RIGHT)
        more = ", and see what the bucket's policies ask of a put, such as encryption" if act is Act.WRITE else ""
        return f"the store does not allow these credentials that ({told}); allow them {right}{more}"
    if kind in _ADVICE:
        return f"the store refuses it ({told}); {_ADVICE[kind]}"
    if _PROVIDER.search(str(error)):
        return f"there are no credentials any more ({told}); log in anew, then run again, which goes on from there"
    if _code_of(error) is None and is_refused(error):
        right = _RIGHTS.get(scheme, {}).get(act, _ANY_RIGHT)
        return f"the store refuses these credentials ({told}); allow them {right}, or {SET[scheme]}"
    if kind == "login" or is_refused(error):
        return f"the store refuses these credentials ({told}); {SET[scheme]}"
    return f"the store refuses it ({told}); look at the storage options: endpoint, region"


def client_message(error: Exception, secrets: Iterable[str] = ()) -> str:
    """Return what a store, or else a client, says of an error, in one line; of addresses without their queries.

    Args:
        error: of the client.
        secrets: what must not be shown besides.
    """
    text = _WRAPPED.sub(" ", str(error))  # as deltalake breaks lines
    code = _code_of(error)
    if code is None:
        return sentence(_QUERY.sub("", _DETAILS.sub("", text)), secrets)[:500]
    status, message = _STATUS.search(text), _MESSAGE.search(text)
    said = f"{'' if status is None else status[1].strip() + ', '}{code}"
    if message is not None and message[1].strip():
        said += f": {unescape(message[1].strip().partition('RequestId:')[0])}"
    return sentence(_QUERY.sub("", said), secrets)[:500]


def _kind_of(error: Exception) -> str | None:
    """Return what kind of refusal a store's code, or its words, tell of; None where they tell of none."""
    code, status = _code_of(error), status_of(error)
    if code is None or status is None or not BAD_REQUEST <= status < SERVER_ERROR:
        return None
    said = " ".join(found[1] for part in (_MESSAGE, _DETAIL) if (found := part.search(str(error))))
    return next((kind for words, kind in _IN_WORDS if words.search(said)), _KIND_OF_CODE.get(code))


def _code_of(error: Exception) -> str | None:
    match = _CODE.search(str(error))
    return None if match is None else match[1]
