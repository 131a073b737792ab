"""How a lake is made is fixed once: of several runs that begin it at once, one decides."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.errors import CommitUnknownError, ConfigError, LockedError, StateError
from connector.lake.state.lake_id import PATH, begin_lake, lake_id
from connector.lake.state.lake_kind import LakeBegunError, fix_kind, kind_of
from connector.lake.state.waiting import BEGUN_BY_OTHERS, when_free
from connector.lake.stores.local import LocalStore
from connector.running.clock import SystemClock
from tests.support.fakes import NOW
from tests.support.memory_store import MemoryStore

DAYS = {"format": "parquet", "partition": "day", "livemode": False, "options": {"expand": ["source"]}}


@pytest.fixture(params=[LocalStore, MemoryStore])
def store(request, tmp_path):
    return request.param(tmp_path)


def fix(store, wanted, *, alone=False):
    fix_kind(store, wanted, now=NOW, alone=alone)


def test_a_lake_that_has_not_begun_is_of_no_kind(store):
    assert kind_of(store) == {}
    begin_lake(store, now=NOW)
    assert kind_of(store) == {}


def test_a_kind_is_fixed_with_the_lakes_id_or_after_it(store):
    made = begin_lake(store, now=NOW)
    fix(store, DAYS)
    assert kind_of(store) == DAYS
    assert lake_id(store) == made
    version = store.read(PATH).version
    fix(store, DAYS)
    fix(store, {"format": "parquet"})
    assert store.read(PATH).version == version, "what is fixed is not written again"


def test_what_one_table_leaves_open_another_fixes(store):
    fix(store, {"format": "jsonl.zst"})
    fix(store, {**DAYS, "format": "jsonl.zst"})
    assert kind_of(store) == {**DAYS, "format": "jsonl.zst"}


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"format": "jsonl.zst"}, "made with format parquet, and jsonl.zst"),
        ({"partition": "month"}, "made with partition day, and month"),
        ({"livemode": True}, "made with livemode False, and True"),
        ({"options": {}}, "made with `expand=source`, and is now asked for without `expand`"),
    ],
)
def test_another_kind_is_refused_and_changes_nothing(store, other, says):
    fix(store, DAYS)
    with pytest.raises(ConfigError, match=says):
        fix(store, {**DAYS, **other})
    assert kind_of(store) == DAYS


def test_a_kind_that_a_run_fixed_and_died_does_not_bind_whoever_is_alone(store):
    fix(store, {**DAYS, "format": "jsonl.zst"})
    fix(store, DAYS, alone=True)
    assert kind_of(store) == DAYS


@pytest.mark.parametrize("seed", range(5))
def test_of_many_that_begin_a_lake_otherwise_all_that_succeed_have_one_kind(store, seed):
    chance = random.Random(seed)
    kinds = [{"format": chance.choice("ab"), "partition": chance.choice("xy")} for _ in range(12)]

    def begin(kind):
        try:
            fix(store, kind)
        except ConfigError:
            return None
        return kind

    with ThreadPoolExecutor(6) as threads:
        found = [kind for kind in threads.map(begin, kinds) if kind is not None]
    assert found
    assert all(kind == kind_of(store) for kind in found)
    assert len(found) == kinds.count(kind_of(store))


@pytest.mark.parametrize("before", [False, True])
def test_an_answer_that_is_lost_is_no_failure_whether_it_was_written_or_not(tmp_path, before):
    class Unsure(MemoryStore):
        answers = 2

        def write(self, path, data, **condition):
            self.answers -= 1
            if self.answers and before:
                raise CommitUnknownError("lost on the way")
            version = super().write(path, data, **condition)
            if self.answers:
                raise CommitUnknownError("lost on the way back")
            return version

    store = Unsure(tmp_path)
    store.answers = 10**6
    begin_lake(MemoryStore(tmp_path), now=NOW)
    MemoryStore.write(store, PATH, b'{"id": "one"}')
    store.answers = 2
    fix(store, DAYS)
    assert kind_of(store) == DAYS


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "x", "kind": 3}', '{"id": "x", "kind": {"options": []}}'])
def test_what_is_damaged_is_named(store, text):
    store.write(PATH, text.encode())
    with pytest.raises(StateError, match="damaged"):
        kind_of(store)


@pytest.mark.anyio
@pytest.mark.parametrize("times", range(BEGUN_BY_OTHERS + 1))
async def test_a_call_that_meets_a_lake_being_begun_is_done_again_a_few_times(tmp_path, times):
    tried = 0

    async def act():
        nonlocal tried
        tried += 1
        if tried <= times:
            raise LakeBegunError("another run began this lake a moment ago")
        return "done"

    async def go():
        return await when_free(LocalStore(tmp_path), act, wait=0, clock=SystemClock())

    if times < BEGUN_BY_OTHERS:
        assert await go() == "done"
    else:
        with pytest.raises(LockedError) as caught:
            await go()
        assert (caught.value.retryable, caught.value.exit_code, tried) == (True, 75, BEGUN_BY_OTHERS)


def test_the_document_keeps_what_else_it_has(store):
    store.write(PATH, json.dumps({"id": "one", "made": 5, "more": [1]}).encode())
    fix(store, DAYS)
    assert json.loads(store.read(PATH).data) == {"id": "one", "made": 5, "more": [1], "kind": DAYS}
