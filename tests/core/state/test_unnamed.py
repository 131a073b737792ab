"""Files that no record names: which matter, which are swept, and what to do about each."""

from __future__ import annotations

import pytest

from connector.core.state.unnamed import ENDINGS, Unnamed

FOLDER = "balance_transactions/account=acct_1/created_date=2026-01-01"


@pytest.mark.parametrize("ending", [*ENDINGS, ".crc", ".PARQUET"])
def test_a_hidden_file_matters_if_it_ends_as_data_or_a_checksum_does(ending):
    assert Unnamed(f"{FOLDER}/.part-0{ending}", 1).matters
    assert Unnamed(f"{FOLDER}/.hidden/part-0{ending}", 1).matters


def test_other_hidden_files_do_not_matter_and_visible_ones_do_whatever_their_name():
    assert not Unnamed(f"{FOLDER}/.DS_Store", 1).matters
    assert not Unnamed(f"{FOLDER}/.hidden/notes", 1).matters
    assert Unnamed(f"{FOLDER}/notes", 1).matters
    assert Unnamed(f"{FOLDER}/.DS_Store", 1, link=True).matters


def test_ordinary_files_are_swept_and_odd_ones_are_not():
    assert Unnamed(f"{FOLDER}/part-0 (1).parquet", 1).is_swept
    for path, link in (
        (f"{FOLDER}/part-0.parquet", True),
        (f"{FOLDER}/.part-0.parquet", False),
        (f"{FOLDER}/part\\0.parquet", False),
        (f"{FOLDER}/part\n0.parquet", False),
        (f"{FOLDER}/part\udcff.parquet", False),
    ):
        assert not Unnamed(path, 1, link).is_swept, path
    assert Unnamed("a/.b/c", 1).is_swept


def test_a_path_is_shown_with_escapes_for_what_is_not_printable():
    assert Unnamed("a/b.parquet", 1).shown == "a/b.parquet"
    assert "\n" not in Unnamed("a\nb", 1).shown


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (Unnamed("a/._part-0.parquet", 5), "macOS left it"),
        (Unnamed("a/._part-0.parquet", 5, link=True), "it is a link"),
        (Unnamed("a/.part-0.parquet.CRC", 5), "a checksum that Hadoop keeps"),
        (Unnamed("a/._SUCCESS.crc", 8), "a checksum that Hadoop keeps"),
        (Unnamed("a/b.parquet", 0), "it is empty"),
        (Unnamed("a/b.parquet", 5), "count its rows, too"),
        (Unnamed("._a/b.parquet", 5), "count its rows, too"),
    ],
)
def test_each_kind_has_its_remedy(one, word):
    assert word in one.remedy


def test_they_sort_by_path():
    assert Unnamed("a", 2) < Unnamed("b", 1)
