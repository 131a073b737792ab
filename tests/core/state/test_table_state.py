"""The state as a document, and back."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from connector.core.state.audited import Audits, Suspect
from connector.core.state.data_file import DataFile, with_changes
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState, add_net, believed
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import AccountId

texts = st.text("abc_-=/.0", min_size=1, max_size=12)
amounts = st.integers(-(2**63), 2**63 - 1)
nets = st.dictionaries(st.sampled_from(["eur", "jpy", "usd"]), amounts, max_size=3).map(
    lambda net: dict(sorted(net.items()))
)
files = st.builds(
    DataFile,
    path=texts,
    rows=st.integers(1, 10**9),
    bytes=st.integers(0, 2**40),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    first_created=st.integers(0, 2**33),
    last_created=st.integers(0, 2**33),
    net=nets,
    pending=st.integers(0, 99),
    pending_from=st.none() | st.integers(0, 2**33),
    pending_created=st.none() | st.tuples(st.integers(0, 2**33), st.integers(0, 2**33)),
    refreshed=st.integers(0, 2**33),
    witnessed=st.integers(0, 2**33),
)
spans = st.tuples(st.integers(0, 2**33), st.integers(1, 2**20)).map(lambda pair: Interval(pair[0], sum(pair)))
suspects = st.tuples(spans, st.integers(0, 9_999)).map(lambda one: Suspect(one[0].start, one[0].stop, one[1]))
audits = st.builds(
    Audits,
    turn=st.integers(0, 2**33),
    looked=st.lists(spans, max_size=3).map(Intervals.of),
    suspects=st.lists(suspects, max_size=3).map(tuple),
    lacking=st.lists(spans, max_size=3).map(Intervals.of),
    asked=st.lists(spans, max_size=3).map(Intervals.of),
    silent=st.integers(0, 2**33),
)
states = st.builds(
    TableState,
    account=st.sampled_from(["acct_1", "default"]).map(AccountId),
    format=st.sampled_from(["parquet", "jsonl.zst", "arrow"]),
    partition=st.sampled_from(Granularity),
    covered=st.lists(spans, max_size=5).map(Intervals.of),
    livemode=st.none() | st.booleans(),
    read_until=st.integers(0, 2**33),
    files=st.lists(files, max_size=4).map(lambda some: MappingProxyType({file.path: file for file in some})),
    api_versions=st.lists(st.sampled_from(["2026-10-28.endive", "2022-11-15"]), unique=True, max_size=2).map(tuple),
    options=st.just({}) | st.just({"expand": ["source"]}),
    audits=audits,
    number=st.integers(0, 99),
)


@given(st.lists(nets, max_size=5))
def test_nets_add_up_exactly_and_by_currency(several):
    total = add_net(several)
    assert list(total) == sorted(total)
    for currency in {currency for net in several for currency in net}:
        assert total[currency] == sum(net.get(currency, 0) for net in several)


sums = st.dictionaries(st.sampled_from(["usd", "eur", "jpy"]), st.integers(-(2**70), 2**70))


@given(st.lists(st.tuples(sums, st.dictionaries(st.sampled_from(["issuing", "risk_reserved"]), sums))))
def test_what_is_told_apart_adds_up_to_the_whole(entries):
    files = {}
    for place, (payments, apart) in enumerate(entries):
        net = add_net([payments, *apart.values()])
        files[f"{place}"] = DataFile(f"{place}", 1, 1, "0" * 64, 1, 2, net, 0, None, apart=apart)
    state = TableState("acct_1", "parquet", Granularity.DAY, files=files)
    told = state.net_by_balance()
    assert next(iter(told)) == "payments"
    whole = add_net(told.values())
    assert {code: amount for code, amount in whole.items() if amount} == {c: n for c, n in state.net().items() if n}
    truth = add_net(payments for payments, _ in entries)
    assert {c: n for c, n in told["payments"].items() if n} == {c: n for c, n in truth.items() if n}
    if entries:
        before = {path: with_changes(one, apart=None) for path, one in files.items()}
        assert replace(state, files=before).net_by_balance() is None


def test_seconds_still_to_come_are_not_believed_to_be_covered():
    state = TableState("acct_1", "parquet", Granularity.DAY, Intervals.span(5, 90), read_until=100)
    assert believed(state, now=100) is state
    assert believed(state, now=60).covered == Intervals.span(5, 60)
    assert believed(state, now=60).read_until == 60


def test_rows_of_files_that_hold_some_from_before_the_lake_expanded_them_are_counted():
    first = DataFile("a", 3, 900, "0" * 64, 100, 199, {"usd": 5})
    second = with_changes(first, path="b", rows=4, first_created=200, last_created=299)
    lake = TableState(AccountId("acct_1"), "parquet", Granularity.DAY, Intervals(), files={"a": first, "b": second})
    assert lake.bare_rows == 0
    assert replace(lake, bare=Intervals.span(150, 200)).bare_rows == 3
    assert replace(lake, bare=Intervals.span(150, 201)).bare_rows == 7
    assert replace(lake, bare=Intervals.span(300, 400)).bare_rows == 0
