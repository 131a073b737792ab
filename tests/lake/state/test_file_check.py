"""Files held against what records say of them, while others are at work."""

from __future__ import annotations

from contextlib import contextmanager

from connector.core.state.data_file import DataFile
from connector.lake.state.file_check import changed_files
from connector.lake.stores.local import LocalStore


def test_a_file_that_another_run_removes_while_it_is_compared_is_gone_and_no_fault_of_the_disk(tmp_path):
    class OthersRemoveIt(LocalStore):
        @contextmanager
        def opened(self, path):
            with super().opened(path) as local:
                local.unlink()
                yield local

    (tmp_path / "parked.arrow").write_bytes(b"rows")
    file = DataFile("parked.arrow", 1, 4, "0" * 64, 1, 1)
    assert changed_files(OthersRemoveIt(tmp_path), [file]) == [file]
