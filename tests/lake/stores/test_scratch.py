"""Folders for temporary files: one goes with its process; where that was killed, with the next one made."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from connector.lake.stores.scratch import PREFIX, Scratch

MAKES_ONE_AND_WAITS = """
import sys
from connector.lake.stores.scratch import Scratch
scratch = Scratch()
(scratch.path / "rows").write_text("of an account")
print(scratch.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Have temporary files in a folder of this test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_for_its_user_alone_and_goes_when_it_is_no_longer_used(temporary):
    made = Scratch()
    (made.path / "rows").write_text("of an account")
    assert made.path.parent == temporary
    assert made.path.stat().st_mode & 0o777 == 0o700
    del made
    gc.collect()
    assert list(temporary.iterdir()) == []


def test_one_that_somebody_removed_ends_without_a_word(monkeypatch):
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    made = Scratch()
    made.path.rmdir()
    del made
    assert not [one for one in said if isinstance(one.exc_value, FileNotFoundError)]


@pytest.fixture
def other_process():
    """A process that holds a folder, and the folder."""
    words = [sys.executable, "-c", MAKES_ONE_AND_WAITS]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_what_a_killed_process_left_goes_with_the_next_one_and_what_a_living_one_has_stays(other_process):
    process, folder = other_process
    kept = Scratch()
    assert [one.name for one in folder.iterdir()] == ["rows"]
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    again = Scratch()
    assert not folder.exists()
    assert kept.path.is_dir()
    assert again.path.is_dir()


def test_a_process_that_ends_leaves_nothing(other_process):
    process, folder = other_process
    process.communicate("")
    assert process.returncode == 0
    assert not folder.exists()


FORKS = """
import gc, os
from connector.lake.stores.scratch import Scratch
scratch = Scratch()
path = scratch.path
if child := os.fork():
    os.waitpid(child, 0)
    print(path.is_dir())
else:
    del scratch
    gc.collect()
    os._exit(0)
"""


def test_a_forked_process_that_ends_leaves_its_parents_folder_alone(temporary):
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert list(temporary.iterdir()) == []


def test_links_files_and_folders_of_other_names_stay(temporary):
    elsewhere = temporary / "stripe-balance-lake"
    elsewhere.mkdir()
    (elsewhere / "rows").write_text("a lake")
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}file").write_text("")
    made = Scratch()
    names = {f"{PREFIX}link", f"{PREFIX}file", "stripe-balance-lake", made.path.name}
    assert {one.name for one in temporary.iterdir()} == names
    assert (elsewhere / "rows").exists()


def test_where_there_are_no_locks_nothing_is_swept(temporary):
    left = temporary / f"{PREFIX}left"
    left.mkdir()

    def there_are_none(_descriptor):
        raise OSError(38, "there are no locks here")

    assert Scratch(there_are_none).path.is_dir()
    assert left.is_dir()


def test_a_folder_taken_for_left_behind_before_it_is_held_is_made_again(temporary):
    tried = []

    def swept_first(descriptor):
        tried.append(descriptor)
        if len(tried) == 1:
            for folder in temporary.iterdir():
                folder.rmdir()
        return True

    assert Scratch(swept_first).path.is_dir()
    assert len(tried) == 2
