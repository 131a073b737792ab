"""Checking a lake, as calls: `verify`, and its twin for ordinary code."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, cast

from connector.blocking import run_plainly
from connector.config.config import Config
from connector.config.moments import interval_given
from connector.core.account_ids import given_name
from connector.errors import UsageError
from connector.services import Services, observed, opened
from connector.verification.check import Check, Wish
from connector.verification.verdict import LAYERS, LayerName, Verdict, to_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.core.time.times import Time
    from connector.events import OnEvent

SAMPLE = 20
"""Requests for windows drawn at random, unless another number is asked for."""

_SEEDS = 2**31


async def verify(  # noqa: PLR0913 - one keyword for each thing a check can be told
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    accounts: Sequence[str] = (),
    account_id: str | None = None,
    layers: Sequence[str] = (),
    sample: int | None = SAMPLE,
    seed: int | None = None,
    since: Time | None = None,
    until: Time | None = None,
    offline: bool = False,
    on_event: OnEvent | None = None,
) -> Verdict:
    """Check a lake against itself and against Stripe, layer by layer, and say what is proved.

    Args:
        destination: the lake.
        config: whom to ask; from the environment by default. Not looked at when offline.
        accounts: check these accounts of the lake only.
        account_id: name of the key's own account, where it may not ask for it.
        layers: of `rows`, `windows`, `payouts`, `balance`; all by default.
        sample: requests for windows drawn at random, at least 0; None to ask for everything again.
        seed: of what is drawn by chance, 0 to 2^31 - 1; drawn itself by default, and part of the verdict.
        since: first moment of `created` whose windows to check; by default all that runs were asked for.
        until: moment after the last.
        offline: ask Stripe nothing; what takes Stripe is then not checkable.
        on_event: is told what happens, as by `connector.sync`.

    Returns:
        The verdict; findings are not errors.

    Raises:
        UsageError: an argument is out of bounds.
        ConfigError: there is no lake, no such account in it, or the key is of another one.
        ConnectorError: the lake or Stripe cannot be read.
    """
    wish = Wish(
        layers=_checked_layers(layers),
        accounts=(accounts,) if isinstance(accounts, str) else tuple(accounts),
        account_id=given_name(account_id),
        sample=_checked_number("sample", sample),
        seed=secrets.randbelow(_SEEDS) if seed is None else _checked_number("seed", seed) or 0,
        asked=None if since is None and until is None else interval_given(since, until),
    )
    config = None if offline else config or Config.from_env()
    async with opened(destination, config, on_event) as services:
        return await verify_with(services, config, wish)


async def verify_with(services: Services, config: Config | None, wish: Wish) -> Verdict:
    """Do what `verify` does, with services that are open already.

    Args:
        services: what it touches.
        config: whom to ask; None to ask nobody.
        wish: what to check.

    Raises:
        ConnectorError: as `verify`.
    """

    async def work(services: Services) -> Verdict:
        client = None if config is None else services.client(config)
        try:
            return await Check(services, client, wish).go()
        finally:
            if client is not None:
                await client.end()

    return await observed("verify", services, work, rate_limit=config.rate if config else 0.0)


def run_verify(destination: str | PathLike[str], **options: Any) -> dict[str, Any]:  # noqa: ANN401 - as `verify`
    """Call `verify` from ordinary code.

    Args:
        destination: the lake.
        options: those of `verify` but `config`, and the settings of `connector.Config.from_env` (`api_base`,
            `api_key_file`, `rate`, …).

    Returns:
        The document of `schemas/verdict.json`.

    Raises:
        ConnectorError: as `verify`.
    """
    settings = {name: options.pop(name) for name in _SETTINGS & options.keys()}
    if unknown := sorted(options.keys() - _OPTIONS):
        raise UsageError(f"there is no option {unknown[0]!r}; there are {', '.join(sorted(_OPTIONS | _SETTINGS))}")

    async def main() -> Verdict:
        config = None if options.get("offline") else Config.from_env(**settings)
        return await verify(destination, config=config, **options)

    return to_document(run_plainly(main, instead="await connector.verify(…)"))


_OPTIONS = frozenset({"accounts", "account_id", "layers", "sample", "seed", "since", "until", "offline"})
_SETTINGS = frozenset({"api_base", "api_version", "context", "rate", "max_in_flight", "api_key_file"})


def _checked_layers(layers: Sequence[str]) -> frozenset[LayerName]:
    named = {layers} if isinstance(layers, str) else set(layers)
    if unknown := sorted(named - set(LAYERS)):
        raise UsageError(f"there is no layer {unknown[0]!r}; there are {', '.join(LAYERS)}")
    return frozenset(cast("set[LayerName]", named) or LAYERS)


def _checked_number(name: str, value: int | None) -> int | None:
    if value is not None and (type(value) is not int or not 0 <= value < _SEEDS):
        raise UsageError(f"{name} {value!r} is not a whole number, 0 or more")
    return value
