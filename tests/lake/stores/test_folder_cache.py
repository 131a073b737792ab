"""What was just seen of a lake's own folder is used again for a moment, and never beyond a change of ours."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from connector.lake.stores.conditions import Content
from connector.lake.stores.folder_cache import FILES, FOLDERS, LOOK_SECONDS, MOST_LISTED, MOST_RECORDS, FolderCache

STATE = "_stripe_balance"
RECORD = f"{STATE}/state/t/acct_1/00000000000001.json"
NEXT = RECORD.replace("1.json", "2.json")


class Seen:
    """Counts how often it is asked."""

    def __init__(self, answer):
        self.answer, self.times = answer, 0

    def __call__(self):
        self.times += 1
        return self.answer


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def cache(clock):
    return FolderCache(lambda: clock[0])


def test_a_listing_of_the_lakes_own_folder_is_used_again_for_a_moment(cache, clock):
    seen = Seen(["a"])
    for _ in range(3):
        assert cache.listing(FILES, f"{STATE}/runs", seen) == ["a"]
    assert seen.times == 1
    clock[0] = LOOK_SECONDS + 0.1
    cache.listing(FILES, f"{STATE}/runs", seen)
    assert seen.times == 2


def test_data_is_listed_anew_each_time(cache):
    seen = Seen([])
    for _ in range(2):
        cache.listing(FILES, "balance_transactions", seen)
        cache.listing(FILES, f"{STATE}-not", seen)
    assert seen.times == 4


def test_a_change_of_ours_is_seen_at_once_and_leaves_other_listings_alone(cache):
    runs, states = Seen(["a"]), Seen(["b"])
    cache.listing(FILES, f"{STATE}/runs", runs)
    cache.listing(FILES, f"{STATE}/state", states)
    cache.changed(f"{STATE}/runs/1.json")
    cache.listing(FILES, f"{STATE}/runs", runs)
    cache.listing(FILES, f"{STATE}/state", states)
    assert (runs.times, states.times) == (2, 1)


def test_folders_are_listed_anew_when_one_is_new(cache):
    seen = Seen([f"{STATE}/runs"])
    cache.listing(FOLDERS, STATE, seen)
    cache.changed(f"{STATE}/runs/1.json")
    cache.changed(f"{STATE}/lake.json")
    cache.listing(FOLDERS, STATE, seen)
    assert seen.times == 1
    cache.changed(f"{STATE}/leases/1.json")
    cache.listing(FOLDERS, STATE, seen)
    assert seen.times == 2


def test_a_folder_that_was_just_seen_not_to_be_there_is_not_asked_for(cache, clock):
    seen = Seen(["x"])
    cache.listing(FOLDERS, STATE, Seen([f"{STATE}/runs"]))
    assert not cache.listing(FILES, f"{STATE}/parked/t", seen)
    assert not cache.listing(FOLDERS, f"{STATE}/accounts", seen)
    assert seen.times == 0
    assert cache.listing(FILES, f"{STATE}/runs", seen) == ["x"]
    cache.changed(f"{STATE}/parked/t/1")
    assert cache.listing(FILES, f"{STATE}/parked/t", seen) == ["x"]


def test_a_listing_that_was_under_way_while_we_changed_something_is_not_kept(cache):
    def overtaken():
        cache.changed(f"{STATE}/runs/1.json")
        return []

    seen = Seen(["1.json"])
    cache.listing(FILES, f"{STATE}/runs", overtaken)
    assert cache.listing(FILES, f"{STATE}/runs", seen) == ["1.json"]


def test_a_record_is_read_once_and_one_that_is_not_there_is_asked_for_again_after_a_moment(cache, clock):
    there, gone = Seen(Content(b"1", "v")), Seen(None)
    for _ in range(3):
        assert cache.content(RECORD, there).data == b"1"
        assert cache.content(NEXT, gone) is None
    assert (there.times, gone.times) == (1, 1)
    clock[0] = LOOK_SECONDS + 0.1
    assert cache.content(NEXT, gone) is None
    assert (there.times, gone.times) == (1, 2)
    cache.changed(RECORD)
    cache.content(RECORD, there)
    assert there.times == 2


def test_a_record_that_was_not_there_is_asked_for_once_it_is_known_to_be_or_may_be(cache):
    gone, come = Seen(None), Seen(Content(b"2", "v"))
    cache.content(NEXT, gone)
    cache.there(NEXT)
    assert cache.content(NEXT, come).data == b"2"
    later = NEXT.replace("2.json", "3.json")
    cache.content(later, gone)
    cache.changed(later)
    assert cache.content(later, come).data == b"2"

    def overtaken():
        cache.changed(f"{STATE}/runs/1.json")

    last = NEXT.replace("2.json", "4.json")
    cache.content(last, overtaken)
    assert cache.content(last, come).data == b"2"


def test_a_record_that_was_written_is_not_read(cache):
    seen = Seen(None)
    cache.written(RECORD, Content(b"1", "v"))
    cache.written(f"{STATE}/audit.json", Content(b"1", "v"))
    assert cache.content(RECORD, seen).data == b"1"
    assert cache.content(f"{STATE}/audit.json", seen) is None
    assert seen.times == 1


# The whole folder -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    path: str


PATHS = [f"{STATE}/lake.json", f"{STATE}/runs/1.json", RECORD]


class Folder:
    """The lake's own folder, listed as a whole."""

    def __init__(self, paths=PATHS):
        self.paths, self.times, self.during = paths, 0, None

    def __call__(self, most):
        self.times += 1
        if self.during:
            self.during()
        return None if len(self.paths) > most else [Listed(path) for path in self.paths]


@pytest.fixture
def folder():
    return Folder()


@pytest.fixture
def whole(clock, folder):
    return FolderCache(lambda: clock[0], folder)


def of(cache, kind, prefix, seen=None):
    found = cache.listing(kind, prefix, seen or Seen(["asked"]))
    return [getattr(one, "path", one) for one in found]


def test_the_folder_is_listed_as_a_whole_once_for_all_that_is_in_it(whole, folder, clock):
    assert of(whole, FOLDERS, STATE) == [f"{STATE}/runs", f"{STATE}/state"]
    assert of(whole, FOLDERS, f"{STATE}/state/t") == [f"{STATE}/state/t/acct_1"]
    assert of(whole, FILES, f"{STATE}/state") == [RECORD]
    assert of(whole, FILES, f"{STATE}/parked") == []
    assert folder.times == 1
    clock[0] = LOOK_SECONDS + 0.1
    assert of(whole, FILES, f"{STATE}/runs") == [f"{STATE}/runs/1.json"]
    assert folder.times == 2


def test_where_we_changed_something_files_are_listed_anew_and_nowhere_else(whole, folder):
    of(whole, FOLDERS, STATE)
    whole.changed(f"{STATE}/runs/2.json")
    assert of(whole, FILES, f"{STATE}/runs") == ["asked"]
    assert of(whole, FILES, f"{STATE}/state") == [RECORD]
    assert folder.times == 1


def test_a_folder_that_a_put_of_ours_may_have_made_is_among_the_folders(whole, folder):
    of(whole, FOLDERS, STATE)
    whole.changed(f"{STATE}/leases/1.json")
    assert of(whole, FOLDERS, STATE) == [f"{STATE}/leases", f"{STATE}/runs", f"{STATE}/state"]
    assert folder.times == 1


def test_a_folder_that_holds_too_much_is_listed_part_by_part_and_asked_for_as_a_whole_no_more(clock):
    folder = Folder([f"{STATE}/runs/{number}.json" for number in range(MOST_LISTED + 1)])
    cache = FolderCache(lambda: clock[0], folder)
    for step in range(3):
        clock[0] = 10.0 * step
        assert of(cache, FILES, f"{STATE}/state") == ["asked"]
    assert folder.times == 1


def test_a_listing_of_all_that_was_under_way_while_we_changed_something_is_not_kept(whole, folder):
    folder.during = lambda: whole.changed(f"{STATE}/runs/2.json")
    assert of(whole, FILES, f"{STATE}/runs") == ["asked"]


def test_what_is_written_again_and_again_is_read_each_time(cache):
    seen = Seen(Content(b"1", "v"))
    for _ in range(2):
        cache.content(f"{STATE}/audit.json", seen)
        cache.content(f"{STATE}/state/t/acct_1/.turn", seen)
    assert seen.times == 4


def test_not_more_records_are_kept_than_have_room(cache):
    for number in range(MOST_RECORDS + 10):
        cache.content(f"{STATE}/state/t/acct_1/{number:014d}.json", Seen(Content(b"", "v")))
    assert len(cache._records) == MOST_RECORDS


ABOUT = f"{STATE}/lake.json"


def test_what_a_lake_says_of_itself_is_not_asked_for_while_it_is_known_not_to_be_there_or_was_just_put(
    whole, folder, clock
):
    folder.paths = [RECORD]
    seen = Seen(None)
    assert whole.content(ABOUT, seen) is None
    assert seen.times == 1  # nothing was listed so far
    of(whole, FILES, f"{STATE}/runs")
    assert whole.content(ABOUT, seen) is None
    assert seen.times == 1
    whole.changed(ABOUT)
    whole.content(ABOUT, seen)
    assert seen.times == 2
    whole.written(ABOUT, Content(b"ours", "v"))
    assert whole.content(ABOUT, seen).data == b"ours"
    clock[0] += LOOK_SECONDS + 0.1
    whole.content(ABOUT, seen)
    assert seen.times == 3
    whole.written(ABOUT, Content(b"ours", "v"))
    whole.changed(ABOUT)
    whole.content(ABOUT, seen)
    whole.written(ABOUT, Content(b"ours", "v"))
    whole.forget()
    whole.content(ABOUT, seen)
    assert seen.times == 5


def test_what_a_lake_says_of_itself_is_read_where_a_listing_shows_it(whole):
    of(whole, FILES, f"{STATE}/runs")
    seen = Seen(Content(b"theirs", "v"))
    assert [whole.content(ABOUT, seen).data for _ in range(2)] == [b"theirs"] * 2
    assert seen.times == 2
