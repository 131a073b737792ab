"""What every store has to do, whatever it keeps its files in; a store is tested by a class that says how to make one.

```python
class TestMine(StoreContract):
    @pytest.fixture
    def store(self):
        return MyStore(…)
```
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.errors import CommitConflictError
from connector.lake.stores.conditions import ABSENT

PATH = "a/b/one.json"


def staged(store, data: bytes):
    """A file written beside the store's own, as writers do."""
    path = store.staging(PATH)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


class StoreContract:
    """The contract; `store` is an empty one.

    Attributes:
        tells_equal_writes_apart: whether the same bytes written again are another version. On S3 they are not: its
            ETag is made of the bytes.
        forgets_empty_folders: whether a folder is gone with its last file. SeaweedFS goes on naming it for a while.
    """

    tells_equal_writes_apart = True
    forgets_empty_folders = True

    def test_what_is_not_there_is_none_and_nothing(self, store):
        assert store.read(PATH) is None
        assert list(store.list("a")) == []
        assert store.folders("a") == []
        with store.opened(PATH) as local:
            assert local is None
        store.delete(PATH)

    def test_what_is_staged_has_a_name_of_its_own_whatever_chance_gives(self, store, monkeypatch):
        # Of 100,000 names, as a load of many accounts takes, two were alike, and one partition had another's rows.
        monkeypatch.setattr(secrets, "token_hex", lambda count: "0" * 2 * count)
        with ThreadPoolExecutor(4) as threads:
            names = [*threads.map(lambda _: store.staging(PATH), range(200))]
        assert len({*names}) == len(names)

    def test_what_is_written_is_read_listed_opened_and_deleted(self, store):
        version = store.write(PATH, b"1")
        there = store.read(PATH)
        assert (there.data, there.version) == (b"1", version)
        assert [(info.path, info.bytes) for info in store.list("a")] == [(PATH, 1)]
        assert store.folders("a") == ["b"]
        with store.opened(PATH) as local:
            assert local.read_bytes() == b"1"
        store.delete(PATH)
        assert store.read(PATH) is None
        assert store.folders("a") == [] or not self.forgets_empty_folders

    def test_files_are_listed_in_order_of_path_and_those_with_a_dot_are_not(self, store):
        for name in ("b", "a/c", "a/b", ".hidden", "a/.hidden"):
            store.write(f"x/{name}", b"")
        assert [info.path for info in store.list("x")] == ["x/a/b", "x/a/c", "x/b"]
        assert store.folders("x") == ["a"]

    def test_folders_are_asked_about_by_their_names(self, store):
        for name in ("a/one", "b/c/two", "d"):
            store.write(f"x/{name}", b"")
        assert store.folders("x", among=["b", "d", "e"]) == ["b"]
        assert store.folders("x", among=["b", "a"]) == ["a", "b"]
        assert store.folders("x", among=[]) == []

    def test_names_and_what_is_told_of_single_files_are_as_a_listing_has_them(self, store):
        assert store.names("x") == []
        assert store.info("x/a") is None
        for name in ("b", "a", "inner/c", ".hidden"):
            store.write(f"x/{name}", name.encode())
        assert store.names("x") == ["a", "b"]
        assert store.names("x/inner") == ["c"]
        assert [store.info(info.path) for info in store.list("x")] == list(store.list("x"))
        assert store.info("x/none") is None
        store.delete("x/a")
        assert store.names("x") == ["b"]
        assert store.info("x/a") is None

    def test_what_is_besides_some_files_is_told_with_hidden_ones(self, store):
        for name in ("a/one", "a/b/.two", "a/b/three", "c/four"):
            store.write(name, b"1")
        assert {(one.path, one.bytes, one.link) for one in store.besides("a", {"a/one"})} == {
            ("a/b/.two", 1, False),
            ("a/b/three", 1, False),
        }
        assert list(store.besides("nothing", ())) == []

    def test_every_write_has_another_version_even_of_the_same_bytes(self, store):
        versions = [store.write(PATH, b"same") for _ in range(3)]
        assert len(set(versions)) == (3 if self.tells_equal_writes_apart else 1)
        assert store.read(PATH).version == versions[-1]

    def test_a_file_that_must_be_absent_is_created_once(self, store):
        first = store.write(PATH, b"1", condition=ABSENT)
        with pytest.raises(CommitConflictError):
            store.write(PATH, b"2", condition=ABSENT)
        assert store.read(PATH) == type(store.read(PATH))(b"1", first)

    def test_of_many_writers_that_create_a_file_at_once_one_succeeds_and_it_is_whole(self, store):
        contents = [bytes([number]) * 100_000 for number in range(16)]

        def create(data: bytes) -> bytes | None:
            try:
                store.write(PATH, data, condition=ABSENT)
            except CommitConflictError:
                return None
            return data

        with ThreadPoolExecutor(8) as threads:
            (winner,) = [data for data in threads.map(create, contents) if data is not None]
        assert store.read(PATH).data == winner

    def test_a_version_is_replaced_once_and_another_version_not_at_all(self, store):
        first = store.write(PATH, b"1")
        second = store.write(PATH, b"2", condition=first)
        assert second != first
        with pytest.raises(CommitConflictError):
            store.write(PATH, b"3", condition=first)
        assert store.read(PATH).data == b"2"

    def test_what_is_gone_has_no_version_to_replace(self, store):
        version = store.write(PATH, b"1")
        store.delete(PATH)
        with pytest.raises(CommitConflictError):
            store.write(PATH, b"2", condition=version)
        assert store.read(PATH) is None

    def test_of_many_writers_that_replace_one_version_one_succeeds(self, store):
        version = store.write(PATH, b"old")

        def replace(number: int) -> bool:
            try:
                store.write(PATH, f"{number}".encode(), condition=version)
            except CommitConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(replace, range(16))) == 1

    def test_a_staged_file_is_published_under_the_same_conditions(self, store):
        first = store.publish(staged(store, b"1"), PATH, condition=ABSENT)
        assert store.read(PATH).version == first
        refused = staged(store, b"2")
        with pytest.raises(CommitConflictError):
            store.publish(refused, PATH, condition=ABSENT)
        assert refused.read_bytes() == b"2"
        second = store.publish(refused, PATH, condition=first)
        assert not refused.exists()
        with pytest.raises(CommitConflictError):
            store.publish(staged(store, b"3"), PATH, condition=first)
        assert store.read(PATH).version == second
        store.publish(staged(store, b"4"), PATH)
        assert store.read(PATH).data == b"4"

    def test_what_is_staged_is_not_listed(self, store):
        staged(store, b"1")
        assert [info.path for info in store.list("_stripe_balance") if "one" in info.path] == []

    @pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a//b", "a\\b", "a/\x00"])
    def test_a_path_that_leaves_the_store_is_refused(self, store, path):
        for use in (store.read, store.staging, store.delete, store.address, lambda bad: store.write(bad, b"")):
            with pytest.raises(ValueError, match="not a clean relative path"):
                use(path)
