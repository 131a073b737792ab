"""The driver's part: the key, which is never text in Spark, the slots for tasks, and each task's share of the rate."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.config.api_key import VARIABLE
from connector.errors import ConfigError, UsageError
from connector.options.given import config_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.config.config import Config

NO_KEY = (
    "a key is no option: Spark shows options to whoever sees its pages and logs. Set STRIPE_API_KEY where the driver"
    " runs, name a file there with `api_key_file`, or give a function that returns it"
)


def config_on_driver(options: Mapping[str, Any], key: Callable[[], str] | None) -> Config:
    """Return whom to ask, with the key that is found where the driver runs.

    Args:
        options: those of `Connection` and `RatePerAccount` among them count.
        key: returns the key; None for `api_key_file`, or the environment.

    Raises:
        ConfigError: no key, or a value out of bounds.
        UsageError: the key itself was given; it is not quoted.
    """
    if key is None:
        return config_of(options)
    if not callable(key):
        raise UsageError(NO_KEY)
    if options.get("api_key_file") is not None:
        raise UsageError("`key` and `api_key_file` are two ways to say the same: leave one out")
    given_key: Any = key()  # whatever it returns
    if not isinstance(given_key, str) or not given_key.strip():
        raise ConfigError("the function that was given as `key` returned no key: it has to return one, as text")
    return config_of(options, environ={**os.environ, VARIABLE: given_key})


def changed(config: Config, options: Mapping[str, Any]) -> Config:
    """Return settings that were given before, with the rate and the patience that options say.

    Raises:
        UsageError: they name somebody else to ask.
    """
    given = {name: value for name, value in options.items() if value is not None}
    retries = given.pop("retries", None)
    if others := sorted(given.keys() - {"rate", "max_in_flight"}):
        raise UsageError(f"`{others[0]}` was settled when the source was registered: leave it out here")
    policy = {} if retries is None else {"retry": replace(config.retry, attempts=retries + 1)}
    return replace(config, **given, **policy)


def shared(config: Config, sharers: int, *, followed: bool = True) -> Config:
    """Return the settings of one of so many that ask at once: its part of the rate, and of the requests in flight.

    Args:
        config: of all together.
        sharers: how many ask at once.
        followed: whether more wait to begin.
    """
    return replace(config, rate=config.rate / sharers).divided(sharers, followed=followed)


def slots_of(spark: Any, slots: int | None) -> int:  # noqa: ANN401 - a session, of Spark Connect, too
    """Return how many tasks are at work at once: as many as the executors have cores, where that is not said.

    Raises:
        UsageError: it makes no sense; or the session does not say, or is none.
    """
    if not hasattr(spark, "range"):
        raise UsageError(f"the first argument is a session of Spark, not of the type {type(spark).__name__}")
    if slots is None:
        try:
            slots = int(spark.sparkContext.defaultParallelism)
        except Exception as error:  # Spark Connect raises one of its own
            raise UsageError(
                "the session of Spark does not say how many cores its executors have: if it was stopped, begin a new"
                " one, else say `slots`"
            ) from error
    if type(slots) is not int or slots < 1:
        raise UsageError(f"`slots` {slots!r} must be a whole number, at least 1: the tasks that are at work at once")
    return slots


def place_of(destination: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Return a folder as all workers can find it: they are started elsewhere.

    Raises:
        ConfigError: it is in the driver's memory.
    """
    name = os.fspath(destination)
    if name.startswith("memory:"):
        raise ConfigError("workers do not see the driver's memory: use a bucket, or a disk that all workers share")
    return os.path.abspath(name) if "://" not in name else destination  # noqa: PTH100 - of a name, without a look
