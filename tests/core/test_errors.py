"""Errors pass from process to process as they are: task runners keep them so."""

from __future__ import annotations

import pickle

import pytest

from connector import errors
from connector.core.state.data_file import DataFile
from connector.errors import (
    AccountsError,
    ConnectorError,
    RateLimitError,
    ServerError,
    StorageError,
    UnpublishedError,
)
from connector.lake.writing.rewrite import StaleFileError

FILE = DataFile("a/b.parquet", 1, 2, "ff", 3, 4, {"usd": 5}, 0, None)
STALE = StaleFileError(FILE, "it is gone")
SEVERAL = AccountsError({"acct_1": ServerError("no", status=500), "acct_2": StorageError("full")}, of=3)
BEHIND = UnpublishedError(ServerError("the catalog is away", status=500))
PLAIN = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ConnectorError)]


def same(one: ConnectorError, other: ConnectorError) -> bool:
    alike = (type(one), one.args, str(one), one.retryable, one.exit_code)
    return alike == (type(other), other.args, str(other), other.retryable, other.exit_code)


@pytest.mark.parametrize(
    "error", [STALE, SEVERAL, BEHIND, RateLimitError("slow", status=429, request_id="req_1")], ids=repr
)
def test_an_error_is_the_same_in_another_process(error):
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert same(found, error)
    assert vars(found).keys() == vars(error).keys()
    for account, failure in getattr(error, "errors", {}).items():
        assert same(found.errors[account], failure)


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if kind not in {AccountsError, UnpublishedError}])
def test_errors_of_every_class_are(kind):
    error = kind("what happened", account="acct_1", window=(1, 2))
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert same(found, error)
    assert (found.account, found.window) == ("acct_1", (1, 2))
