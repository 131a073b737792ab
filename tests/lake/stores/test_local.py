from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from connector.cli.process.bookmark import BookmarkFile
from connector.errors import ConfigError, LockedError, StorageError, UsageError
from connector.lake.stores.base import open_store
from connector.lake.stores.local import LocalStore
from tests.support.fakes import ENDLESS_SECONDS


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


def names(store: LocalStore) -> list[str]:
    return sorted(path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())


def test_nothing_is_created_by_reading(store):
    assert store.read("a/b") is None
    assert list(store.list("a")) == []
    store.delete("a/b")
    with store.opened("a/b") as local:
        assert local is None
    assert not store.root.exists()


def test_a_file_written_is_read_listed_opened_and_deleted(store):
    store.write("a/b/one", b"1")
    store.write("a/two", b"22")
    store.write("a/two", b"333")
    assert store.read("a/two").data == b"333"
    assert [(info.path, info.bytes) for info in store.list("a")] == [("a/b/one", 1), ("a/two", 3)]
    with store.opened("a/b/one") as local:
        assert local.read_bytes() == b"1"
    assert Path(store.address("a/two")).read_bytes() == b"333"
    store.delete("a/two")
    assert names(store) == ["a/b/one"]


def listening(path):
    with socket.socket(socket.AF_UNIX) as one, contextlib.chdir(path.parent):  # an address has 108 characters at most
        one.bind(path.name)


def reads_everything(folder):
    """Say whether this process reads folders that nobody may read, as root does."""
    folder.mkdir(0o000)
    return os.access(folder, os.R_OK)


def test_a_folder_that_may_not_be_looked_into_is_not_taken_for_an_empty_one(store, tmp_path):
    if reads_everything(tmp_path / "closed"):
        pytest.skip("this user may read everything")
    store.write("state/acct_1/one", b"1")
    store.write("state/acct_2/inner/two", b"2")
    assert store.folders("state") == ["acct_1", "acct_2"]
    for closed in (store.root / "state" / "acct_1", store.root / "state" / "acct_2" / "inner"):
        closed.chmod(0o000)
        try:
            with pytest.raises(StorageError, match="listing state: not permitted"):
                store.folders("state")
        finally:
            closed.chmod(0o700)


def test_folders_that_are_not_asked_about_are_not_looked_into(store, tmp_path):
    if reads_everything(tmp_path / "closed"):
        pytest.skip("this user may read everything")
    store.write("state/acct_1/one", b"1")
    (store.root / "state" / "acct_2").mkdir(0o000)
    assert store.folders("state", among=["acct_1"]) == ["acct_1"]
    (store.root / "state" / "acct_2").chmod(0o700)


def test_a_file_that_may_not_be_looked_at_is_not_taken_for_one_that_is_gone(store, tmp_path):
    if reads_everything(tmp_path / "closed"):
        pytest.skip("this user may read everything")
    store.write("a/one", b"1")
    (store.root / "a").chmod(0o444)  # its names are listed, and nothing is told of them
    try:
        for ask in (store.read, store.info, store.version, lambda path: store.opened(path).__enter__()):
            with pytest.raises(StorageError, match="not permitted"):
                ask("a/one")
    finally:
        (store.root / "a").chmod(0o700)


def test_a_staged_file_is_invisible_until_published(store):
    staged = store.staging("a/part-0.parquet")
    staged.write_bytes(b"rows")
    assert staged.name.startswith(".part-0.parquet.")
    assert staged.suffix == ".staged"
    assert list(store.list("a")) == []
    assert not list(store.root.rglob("*.parquet"))
    assert store.staging("a/part-0.parquet") != staged
    store.publish(staged, "a/part-0.parquet")
    assert store.read("a/part-0.parquet").data == b"rows"
    assert names(store) == ["a/part-0.parquet"]


def test_names_with_a_leading_dot_are_not_listed(store):
    store.write("a/.hidden", b"")
    assert list(store.list("a")) == []


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../b", "a//b", "a/", "./a", "a\\b", "a\nb", "a\x00b"])
def test_paths_that_could_leave_the_destination_are_refused(store, path):
    for use in (store.read, store.staging, store.delete, store.address, lambda bad: store.write(bad, b"")):
        with pytest.raises(ValueError, match="not a clean relative path"):
            use(path)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "no space left on the disk, or no inodes: free some"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "not permitted"),
        (errno.EROFS, "read-only"),
        (errno.EXDEV, "another file system"),
        (errno.EIO, "the disk answers with an error"),
        (errno.ESTALE, "mount it anew"),
        (errno.ENFILE, "too many open files"),
    ],
)
def test_the_systems_errors_say_what_to_do_and_leave_the_old_file_whole(store, monkeypatch, number, remedy):
    store.write("a/b", b"old")

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match=remedy) as caught:
        store.write("a/b", b"new")
    assert isinstance(caught.value.__cause__, OSError)
    monkeypatch.undo()
    assert store.read("a/b").data == b"old"
    assert names(store) == ["a/b"]


def test_a_file_where_a_folder_is_needed_is_a_storage_error(store):
    store.write("a", b"")
    with pytest.raises(StorageError):
        store.write("a/b", b"")


def test_runs_stage_apart_and_what_may_go_is_cleared(store):
    first, second = store.of_run("first"), store.of_run("second")
    staged = [one.staging("a/b") for one in (first, second, store)]
    for one in staged:
        one.write_bytes(b"half")
    assert [one.parent.name for one in staged] == ["first", "second", "staging"]
    asked = []
    store.clear(lambda run, changed: asked.append((run, changed > 0)) or run == "first")
    assert sorted(asked) == [("", True), ("first", True), ("second", True)]
    assert [one.exists() for one in staged] == [False, True, True]
    store.clear(lambda *_: True)
    assert names(store) == []


def test_a_run_that_writes_while_it_is_cleared_away_is_left_to_the_next_time(store, monkeypatch):
    """It was taken for dead, and stood still."""
    staged = [store.of_run(run).staging("a/b") for run in ("first", "second")]
    for one in staged:
        one.write_bytes(b"half")
    remove = os.rmdir

    def meanwhile(path, **options):
        late = staged[0].with_name("late")
        if Path(path).name == "first" and not late.exists():
            late.write_bytes(b"half")
        remove(path, **options)

    monkeypatch.setattr(os, "rmdir", meanwhile)
    store.clear(lambda *_: True)
    assert [one.parent.exists() for one in staged] == [True, False]
    monkeypatch.undo()
    store.clear(lambda *_: True)
    assert names(store) == []


def test_what_another_program_has_open_on_nfs_is_left_to_the_next_time(store, monkeypatch):
    staged = [store.of_run(run).staging("a/b").with_name(".nfs000000000012ab") for run in ("first", "second")]
    for one in staged:
        one.write_bytes(b"half")
    remove = os.unlink

    def in_use(path, *, dir_fd=None):
        if dir_fd is not None and staged[0].exists() and os.path.samestat(os.fstat(dir_fd), staged[0].parent.stat()):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        remove(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", in_use)
    store.clear(lambda *_: True)
    assert [one.exists() for one in staged] == [True, False]
    monkeypatch.undo()
    store.clear(lambda *_: True)
    assert names(store) == []


def test_what_another_clears_away_meanwhile_is_no_fault_of_the_disk(store):
    for run in ("first", "second"):
        store.of_run(run).staging("a/b").write_bytes(b"half")

    def both(*_):
        shutil.rmtree(store.root, ignore_errors=True)
        return True

    store.clear(both)
    assert not store.root.exists()


def test_what_is_written_through_a_runs_store_is_forced_to_disk_by_either(tmp_path):
    forced: list[str] = []

    class Telling(LocalStore):
        def _force(self, folder: Path) -> None:
            forced.append(folder.name)

    store = Telling(tmp_path / "lake")
    mine = store.of_run("mine")
    staged = mine.staging("a/b")
    staged.write_bytes(b"x")
    mine.publish(staged, "a/b")
    assert "a" not in forced
    store.write("c/d", b"y")
    assert "a" in forced


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero"), listening])
def test_what_is_no_file_is_refused_where_one_is_read_and_nobody_waits_for_it(store, make):
    store.write("a/record", b"")
    store.delete("a/record")
    make(store.root / "a" / "record")
    with pytest.raises(StorageError, match=r"reading a/record.*a socket|record is no file.*: move it away"):
        store.read("a/record")


def test_a_plain_path_is_a_local_folder(tmp_path):
    assert open_store(tmp_path / "new").root == tmp_path / "new"
    assert open_store(str(tmp_path)).root == tmp_path
    (tmp_path / "file").write_bytes(b"")
    for file in (tmp_path / "file", "/dev/null"):
        with pytest.raises(ConfigError, match="is a file"):
            open_store(file)


def test_a_file_system_gone_read_only_is_an_error_of_storage_whatever_else_fails(tmp_path, monkeypatch):
    store = LocalStore(tmp_path)
    store.write("before", b"x")

    def refuse(*_args, **_named):
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match="mounted read-only"):
        store.write("after", b"y")


def test_a_folder_that_begins_with_a_tilde_is_no_home_where_its_path_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert open_store("./~nobody_such/lake").root == tmp_path / "~nobody_such/lake"


def without(monkeypatch, code: int, *, folders: bool) -> None:
    """A file system that does not force folders, or files, onto the disk."""
    forced = os.fsync

    def refuse(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) == folders:
            raise OSError(code, os.strerror(code))
        forced(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)


ABSENT = [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS]


@pytest.mark.parametrize("code", [*ABSENT, errno.EBADF])
def test_a_file_system_that_cannot_force_folders_onto_the_disk_is_gone_on_with_and_said_to_be_one(
    tmp_path, monkeypatch, code
):
    store = LocalStore(tmp_path)
    without(monkeypatch, code, folders=True)
    assert not store.lacks
    store.write("a/b", b"x")
    store.delete("a/b")
    store.write("a/c", b"y")
    assert names(store) == ["a/c"]
    (said,) = store.lacks
    assert "fsync of a folder" in said
    assert "a local disk does" in said


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES, errno.ESTALE])
def test_any_other_refusal_to_force_a_folder_onto_the_disk_is_an_error(tmp_path, monkeypatch, code):
    without(monkeypatch, code, folders=True)
    with pytest.raises(StorageError):
        LocalStore(tmp_path).write("a/b", b"x")


@pytest.mark.parametrize("code", ABSENT)
def test_a_file_system_that_cannot_force_files_onto_the_disk_is_refused(tmp_path, monkeypatch, code):
    store = LocalStore(tmp_path)
    without(monkeypatch, code, folders=False)
    with pytest.raises(StorageError, match=r"cannot force a file onto the disk \(fsync: .*use a local disk"):
        store.write("a/b", b"x")
    assert store.read("a/b") is None


@pytest.mark.parametrize("code", [*ABSENT, errno.ENOLCK])
@pytest.mark.parametrize(
    "held", [lambda path: LocalStore(path).turn("a"), lambda path: BookmarkFile(path / "file").held()]
)
def test_a_file_system_without_locks_is_refused_with_what_to_use(tmp_path, monkeypatch, held, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match=r"no locks \(flock: .*: use a local disk") as caught, held(tmp_path):
        pass
    assert not isinstance(caught.value, LockedError)
    assert not caught.value.retryable


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_who_may_write_to_a_lake_that_a_group_shares_may_take_its_locks_too(store, umask, mode):
    before = os.umask(umask)
    try:
        version = store.write("a/record", b"1")
        store.write("a/record", b"2", condition=version)
        with store.turn("a"), BookmarkFile(store.root / "mark").held():
            pass
    finally:
        os.umask(before)
    files = [path for path in store.root.rglob("*") if path.is_file()]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in files} == dict.fromkeys(
        ("record", "turn", ".turn", ".mark.lock"), mode
    )


@pytest.mark.parametrize("name", ["~nobody_such/lake", "x" * 300, "a\0b", "bad\udcff"])
def test_what_cannot_be_a_folder_is_refused(name):
    with pytest.raises(ConfigError, match="cannot be a folder"):
        open_store(name)


@pytest.mark.parametrize("name", [None, b"lake", 7])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UsageError, match="name a folder"):
        open_store(name)


FORKED_IN_A_TURN = """
import os, sys
from contextlib import contextmanager
from pathlib import Path
from connector.lake.stores.local import LocalStore

over, told = os.pipe()

class ForksInItsTurn(LocalStore):
    @contextmanager
    def _turn(self):
        with super()._turn():
            if not os.fork():  # a process of the caller's own, which has a copy of each open file
                os.close(told)
                os.read(over, 1)
                os._exit(0)
            yield

root = Path(sys.argv[1])
version = LocalStore(root).write("one", b"1")
version = ForksInItsTurn(root).write("one", b"2", condition=version)
LocalStore(root).write("one", b"3", condition=version)
"""


def test_a_turn_ends_although_the_process_was_forked_meanwhile(tmp_path):
    subprocess.run([sys.executable, "-c", FORKED_IN_A_TURN, str(tmp_path)], check=True, timeout=ENDLESS_SECONDS)
    assert (tmp_path / "one").read_bytes() == b"3"
