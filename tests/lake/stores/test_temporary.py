"""What finds no room for temporary files says so, and what to do; it is no matter of the lake, and no defect."""

from __future__ import annotations

import errno
import tempfile

import pytest

from connector.errors import StorageError
from connector.lake.stores.scratch import Scratch
from connector.lake.stores.temporary import at_temporary, temporary_database

NAMED = "temporary file.*: TMPDIR names it, else it is /tmp"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOSPC, errno.EROFS])
def test_a_folder_that_is_full_or_not_there_is_named_with_how_to_give_another(number):
    with pytest.raises(StorageError, match=f"^keeping rows in a {NAMED}"), at_temporary("keeping rows"):
        raise OSError(number, "no")


def test_on_the_way_to_a_bucket_too(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(StorageError, match=NAMED):
        Scratch()


def test_a_database_that_finds_no_room_is_an_error_of_storage():
    with pytest.raises(StorageError, match=NAMED):
        _fill("x" * 100_000)
    _fill("x")


def _fill(line):
    with temporary_database("keeping lines") as database:
        database.execute("create table line (text text)")
        database.execute("pragma max_page_count = 4")  # more is refused as by a full disk
        database.execute("insert into line values (?)", (line,))


def test_a_database_lets_through_what_its_block_raises():
    with pytest.raises(KeyError), temporary_database("keeping lines"):
        raise KeyError
