"""The day of a moment by a zone's clocks."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigError, UsageError
from connector.tables.arrow import INSTANT
from connector.tables.fields import FIRST_INSTANT, LAST_INSTANT
from connector.tables.local_date import local_dates, zone_named
from tests.support.examples import EXTENT, slow_but
from tests.support.fakes import ENDLESS_SECONDS

ZONES = (
    "Europe/Paris", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
    "Asia/Beirut", "America/Sao_Paulo", "America/Havana", "Africa/Monrovia", "Africa/Casablanca", "Antarctica/Troll",
    "Asia/Pyongyang", "Pacific/Kiritimati", "Etc/GMT+12", "UTC",
)  # fmt: skip
YEARS = (2011, 2018, 2026) if EXTENT == "thorough" else (2011,)
"""Apia left out a day in 2011, Pyongyang changed in 2018."""

WITHIN = (FIRST_INSTANT + 3 * 86_400, LAST_INSTANT - 3 * 86_400)


def moments(seconds):
    return pa.array([None if one is None else one * 1_000_000 for one in seconds], INSTANT)


def on_the_wall(second, zone):
    if second is None:
        return None
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)).astimezone(ZoneInfo(zone)).date()


@given(
    zone=st.sampled_from(ZONES),
    seconds=st.lists(
        st.none() | st.integers(1_293_840_000, 1_893_456_000) | st.integers(*WITHIN) | st.integers(-86_400, 86_400),
        max_size=20,
    ),
)
def test_it_is_what_the_clock_on_the_wall_shows(zone, seconds):
    found = local_dates(moments(seconds), ZoneInfo(zone))
    assert found.type == pa.date32()
    assert found.to_pylist() == [on_the_wall(second, zone) for second in seconds]


@pytest.mark.parametrize("zone", slow_but(["Pacific/Apia"], ZONES))
def test_every_quarter_of_an_hour_of_some_years_is_right(zone):
    for year in YEARS:
        start = int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp())
        seconds = list(range(start, start + 366 * 86_400, 900))
        assert local_dates(moments(seconds), ZoneInfo(zone)).to_pylist() == [
            on_the_wall(second, zone) for second in seconds
        ]


@pytest.mark.parametrize("zone", ["Africa/Monrovia", "Europe/Paris", "Asia/Kolkata"])
def test_clocks_set_at_odd_seconds_are_heeded(zone):
    before = int(dt.datetime(1972, 1, 7, tzinfo=dt.UTC).timestamp())  # Monrovia: from -0:44:30 to 0
    seconds = list(range(before - 3_000, before + 3_000, 7))
    assert local_dates(moments(seconds), ZoneInfo(zone)).to_pylist() == [on_the_wall(one, zone) for one in seconds]


def test_the_ends_of_time_have_days():
    found = local_dates(moments([FIRST_INSTANT, LAST_INSTANT]), ZoneInfo("Etc/GMT+12")).cast(pa.int32()).to_pylist()
    assert found == [FIRST_INSTANT // 86_400 - 1, LAST_INSTANT // 86_400]


@pytest.mark.parametrize(
    ("name", "said"),
    [("Europe/Pari", "did you mean 'Europe/Paris'"), ("new york", "did you mean 'America/New_York'"),
     ("Paris", "did you mean 'Europe/Paris'"), ("europe/paris", "did you mean 'Europe/Paris'"),
     ("Europe", "'Europe'"), ("../etc", "such as"), ("", "such as"),
     ("a\0b", "such as"), ("bad\udcff", "such as")],
)  # fmt: skip
def test_a_zone_that_is_none_is_said_and_so_is_where_zones_come_from(name, said):
    with pytest.raises(ConfigError, match="pip install tzdata") as caught:
        zone_named(name)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", [1, ZoneInfo("UTC"), b"UTC"])
def test_what_is_no_name_is_said(name):
    with pytest.raises(UsageError, match="give a name"):
        zone_named(name)


def test_a_machine_without_data_of_zones_says_what_to_install():
    code = (
        "import sys, zoneinfo; zoneinfo.reset_tzpath(to=[]); sys.modules['tzdata'] = None\n"
        "from connector.tables.local_date import zone_named\n"
        "try: zone_named('Europe/Paris')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
    )
    assert "ConfigError" in done.stdout
    assert "has no data of time zones; pip install tzdata" in done.stdout


@pytest.mark.parametrize("name", ["GMT+2", "UTC+02:00", "+02:00", "-5", "utc \u22123", "+0200"])
def test_an_offset_is_not_taken_for_a_zone_and_no_other_offset_is_proposed(name):
    with pytest.raises(ConfigError, match="is an offset, and no time zone") as caught:
        zone_named(name)
    assert "did you mean" not in str(caught.value)
