"""One table of options: signatures, the command line, its help and the documentation follow from it."""

from __future__ import annotations

import argparse
import inspect
import re
from dataclasses import MISSING, fields
from decimal import Decimal
from pathlib import Path

import anyio
import pandas as pd
import pytest

import connector
from connector.cli.options.commands import COMMANDS
from connector.errors import UsageError
from connector.ingest.options import Options
from connector.options.calls import (
    AskOptions,
    BalanceOptions,
    FeesOptions,
    GetOptions,
    PayoutsOptions,
    PlanOptions,
    RunBalanceOptions,
    RunPayoutsOptions,
    RunPlanOptions,
    RunSyncOptions,
    RunVerifyOptions,
    StatementOptions,
    SyncOptions,
    VerifyOptions,
)
from connector.options.option import flag_of, table_of, types_of
from connector.options.run import Stopping, Watched
from connector.options.storage import Storage

CALLS = {
    "sync": SyncOptions,
    "run_sync": RunSyncOptions,
    "plan": PlanOptions,
    "run_plan": RunPlanOptions,
    "sync_payouts": PayoutsOptions,
    "run_sync_payouts": RunPayoutsOptions,
    "record_balance": BalanceOptions,
    "run_record_balance": RunBalanceOptions,
    "verify": VerifyOptions,
    "run_verify": RunVerifyOptions,
    "statement": StatementOptions,
    "run_statement": StatementOptions,
    "run_balance": AskOptions,
    "run_get": GetOptions,
    "run_fees": FeesOptions,
}
COMMAND_OF = {
    "run_sync": "sync",
    "run_plan": "plan",
    "run_sync_payouts": "payouts",
    "run_record_balance": "balance",
    "run_verify": "verify",
    "run_statement": "statement",
}
PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    COMMANDS[command].add_arguments(parser)
    return parser


def actions_of(command: str) -> dict[str, argparse.Action]:
    return {flag: action for action in parser_of(command)._actions for flag in action.option_strings}


@pytest.mark.parametrize("call", CALLS)
def test_a_calls_signature_names_the_options_of_its_table_with_their_defaults_and_types(call):
    parameters = inspect.signature(getattr(connector, call)).parameters
    options = table_of(CALLS[call])
    assert {name: parameters[name].default for name in options} == {
        name: option.default for name, option in options.items()
    }
    assert {name: parameters[name].annotation for name in options} == types_of(CALLS[call])
    kinds = {parameter.kind for parameter in parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds  # task runners pass on what is named, and nothing else
    assert {name for name in parameters if name not in options} <= {
        "destination", "config", "on_event", "on_account", "transaction_id", "object_id",
    }  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_help_of_a_call_says_what_each_option_does(call):
    text = inspect.getdoc(getattr(connector, call))
    for name, option in table_of(CALLS[call]).items():
        assert f"{name}: {option.says}." in text


@pytest.mark.parametrize("call", CALLS)
def test_an_asynchronous_call_stays_one(call):
    assert inspect.iscoroutinefunction(getattr(connector, call)) is not call.startswith("run_")


@pytest.mark.parametrize("call", COMMAND_OF)
def test_a_command_has_every_option_of_the_call_it_stands_for_with_the_same_default(call):
    command, actions = COMMAND_OF[call], actions_of(COMMAND_OF[call])
    for name, option in table_of(CALLS[call]).items():
        if (flag := flag_of(name, option)) is None:
            continue
        assert actions[flag].dest == name, f"{command} {flag}"
        assert actions[flag].help == option.help
        default = actions[flag].default
        assert (tuple(default) if isinstance(default, list) else default) == (() if option.many else option.default)


@pytest.mark.parametrize("call", COMMAND_OF)
def test_the_default_that_help_names_is_the_one_that_counts(call):
    named = {
        "wait": "(0)",
        "settle": "(600)",
        "audit": "(1)",
        "windows": "(8)",
        "sample": "(20)",
        "keep_runs": "(90)",
        "timezone": "(UTC)",
    }
    for name, option in table_of(CALLS[call]).items():
        if option.default not in {None, False, ()}:
            shown = f"{option.default:g}" if isinstance(option.default, float | int) else option.default
            assert option.help.endswith(f"({shown})"), name
            assert named[name] == f"({shown})"


def test_what_a_sync_is_told_are_the_options_of_its_table():
    told = {one.name: () if one.default is MISSING else one.default for one in fields(Options)}
    options = {name: option.default for name, option in table_of(SyncOptions).items()}
    of_the_call = {*table_of(Stopping), *table_of(Storage), *table_of(Watched), "wait"}
    assert told == {name: default for name, default in options.items() if name not in of_the_call}


def documented() -> list[str]:
    """The table of the page: each option with a word on the command line, and the calls that take it."""
    rows: dict[tuple[str, str], list[str]] = {}
    for call in COMMAND_OF:
        for name, option in table_of(CALLS[call]).items():
            if (flag := flag_of(name, option)) is not None:
                rows.setdefault((flag, name), []).append(call.removeprefix("run_"))
    every = [call.removeprefix("run_") for call in COMMAND_OF]
    return [
        f"| `{flag}` | `{name}` | {'all' if calls == every else ', '.join(f'`{call}`' for call in calls)} |"
        for (flag, name), calls in rows.items()
    ]


def test_the_page_on_the_command_line_lists_every_option_and_the_calls_that_take_it():
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| `--[a-z-]+` \| `\w+` \|", line)]
    assert lines == documented()


CONTEXT = dict.fromkeys(
    ["conn", "dag", "dag_run", "data_interval_start", "ds", "inlets", "logical_date", "macros", "outlet_events",
     "params", "run_id", "task", "task_instance", "ti", "triggering_asset_events", "ts", "var"]
)  # fmt: skip
"""Names that Airflow hands to a callable which takes all keywords."""


@pytest.mark.parametrize("call", [name for name in connector.__all__ if name.startswith("run_")])
def test_keywords_that_a_call_does_not_have_are_named_with_those_it_has(call, tmp_path):
    function = getattr(connector, call)

    def wrapped(**keywords):
        places = {"run_balance": 0, "run_convert": 2}.get(call, 1)
        return function(*[str(tmp_path / f"lake{number}") for number in range(places)], **keywords)

    with pytest.raises(UsageError) as raised:
        wrapped(**CONTEXT)
    message = str(raised.value)
    assert all(repr(name) in message for name in CONTEXT)
    assert all(name in message for name in inspect.signature(function).parameters)
    assert list(tmp_path.iterdir()) == []


NO_VALUES = [object(), b"x", 2.5, [3], {"a": 1}, True, "yes", "5", {4}]
"""Values of many types; none of them is one of every option."""

SERIES = [pd.Series(["a"]), pd.Index(["a"]), pd.Series(["a"]).to_numpy()]
NUMBERS = [pd.Series([3]).to_numpy()[0], Decimal(3)]
"""A number of numpy is none of JSON's."""

OF_OTHER_TYPES = {
    "bool": NO_VALUES[:5] + NO_VALUES[6:] + [0, 1, "False", "", [], pd.Series([True]).to_numpy()[0]],
    "int": [*NO_VALUES, *NUMBERS, None, float("nan"), 3.0],
    "float": [*NO_VALUES[:2], *NO_VALUES[3:], *NUMBERS, None, "1.5"],
    "str": [*NO_VALUES[:6], NO_VALUES[8], None],
    "str | int": [*NO_VALUES[:6], NO_VALUES[8]],
    "str | PathLike[str]": [*NO_VALUES[:6], NO_VALUES[8], "a\0b", 7],
    # what an iterator gives is looked at where it is understood
    "str | Sequence[str]": [*NO_VALUES[:3], *NO_VALUES[4:6], 7, bytearray(), *SERIES, [5], ("id", None), {7}],
    "str | Sequence[str | None]": [*NO_VALUES[:3], *NO_VALUES[4:6], 7, bytearray(), *SERIES],
    "Mapping[str, str]": [*NO_VALUES[:4], *NO_VALUES[5:]],
    "Mapping[str, int]": [*NO_VALUES[:4], *NO_VALUES[5:]],
    "Canceller": NO_VALUES,
    "Salt": NO_VALUES,
    "Time": [],  # which is understood, or refused, where it is read
}
"""By the text of a type without None: values that are none of it."""


@pytest.mark.parametrize("call", sorted(CALLS))
def test_a_value_of_another_type_is_refused_by_the_name_of_its_option(call, tmp_path):
    function = getattr(connector, call)
    arguments = [] if call == "run_balance" else [str(tmp_path / "lake")]

    def called(**given):
        found = function(*arguments, **given)
        return anyio.run(lambda: found) if inspect.isawaitable(found) else found

    for name, kind in types_of(CALLS[call]).items():
        for value in OF_OTHER_TYPES[kind.removesuffix(" | None")]:
            if value is None and kind.endswith("None"):
                continue
            with pytest.raises(UsageError, match=f"`{name}` ") as raised:
                called(**{name: value})
            assert "must be" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_what_may_hold_a_secret_is_not_repeated_where_it_is_of_another_type(tmp_path):
    for name, value in (("storage_options", "secret_access_key=hidden"), ("api_key_file", ["hidden"])):
        with pytest.raises(UsageError, match=f"`{name}` of ") as raised:
            connector.run_sync(tmp_path / "lake", **{name: value})
        assert "hidden" not in str(raised.value)


def test_a_type_from_elsewhere_is_named_with_where_it_is_from(tmp_path):
    with pytest.raises(UsageError, match=r"`dry_run` of numpy\.bool_? must be True or False"):
        connector.run_sync(tmp_path / "lake", dry_run=pd.Series([True]).to_numpy()[0])


def test_a_task_of_spark_refuses_them_too_before_it_looks_at_the_session(tmp_path):
    import connector.spark  # noqa: PLC0415 - of this test

    with pytest.raises(UsageError, match=r"no options 'dag'.*; there are .*account_id, accounts, all_accounts"):
        connector.spark.sync(None, tmp_path / "lake", dag=1, ti=2)


@pytest.mark.anyio
async def test_an_asynchronous_call_refuses_them_too(tmp_path):
    with pytest.raises(UsageError, match=r"no option 'parttion' \(did you mean partition\?\)"):
        await connector.sync(tmp_path / "lake", parttion="day")
    with pytest.raises(UsageError, match="colour"):
        connector.Config.from_env({}, colour="red")


@pytest.mark.parametrize("call", [name for name in CALLS if name.startswith("run_")])
def test_inside_an_event_loop_a_call_from_ordinary_code_says_what_to_await(call, tmp_path):
    arguments = [] if call == "run_balance" else [str(tmp_path)]

    async def main() -> None:
        getattr(connector, call)(*arguments)

    with pytest.raises(UsageError, match=r"event loop running already .* use await "):
        anyio.run(main)


@pytest.mark.anyio
@pytest.mark.parametrize("call", [connector.sync, connector.verify, connector.plan], ids=lambda call: call.__name__)
async def test_what_an_asynchronous_call_takes_in_its_config_is_said_so(call, tmp_path):
    with pytest.raises(UsageError, match=r"^rate and retries: .* connector\.Config\.from_env\(rate=…, retry=…\)$"):
        await call(tmp_path / "lake", rate=2, retries=1)
    with pytest.raises(UsageError, match=r"'account' \(did you mean accounts\?\)"):
        await call(tmp_path / "lake", account="acct_1")
    assert not (tmp_path / "lake").exists()
