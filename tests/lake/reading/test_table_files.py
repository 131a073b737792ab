"""What a lake holds of a table: of one account, without a look at the others, of which there may be thousands."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from connector.core.state.tables import TABLES
from connector.errors import ConfigError
from connector.lake.paths import STATE
from connector.lake.reading.table_files import table_files
from connector.lake.stores.local import LocalStore
from tests.lake.reading.test_dataset import make_lake

ACCOUNTS = ("acct_1", "acct_2", "acct_3")


@dataclass(frozen=True, eq=False)
class Watched(LocalStore):
    """A folder that notes what is listed of it."""

    listed: list[str] = field(default_factory=list)

    def folders(self, prefix, *, among=None):
        self.listed.append(prefix if among is None else f"some of {prefix}")
        return super().folders(prefix, among=among)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lakes") / "lake", "parquet", accounts=ACCOUNTS).root


def test_all_accounts_are_there_in_order(lake):
    assert [one.account for one in table_files(LocalStore(lake), "balance_transactions")] == list(ACCOUNTS)


@pytest.mark.parametrize("version", [None, 1])
def test_one_account_is_found_without_listing_the_others(lake, version):
    store = Watched(lake)
    (found,) = table_files(store, "balance_transactions", "acct_2", version=version)
    assert found.account == "acct_2"
    assert {file.path.split("/")[1] for file in found.files} == {"account=acct_2"}
    assert store.listed == [f"some of {STATE}"]


@pytest.mark.parametrize("account", ["acct_4", "default", "../acct_1", "", "acct_1/..", "acct_"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("version", [None, 1])
def test_an_account_that_is_not_there_has_nothing(lake, table, account, version):
    assert list(table_files(LocalStore(lake), table, account, version=version)) == []


def test_one_account_of_a_lake_of_an_earlier_version_is_refused(lake, tmp_path):
    (tmp_path / STATE / "manifest" / "acct_1").mkdir(parents=True)
    (tmp_path / STATE / "manifest" / "acct_1" / "state.json").write_text("{}")
    with pytest.raises(ConfigError, match="earlier version"):
        list(table_files(LocalStore(tmp_path), "balance_transactions", "acct_1"))
