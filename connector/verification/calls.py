"""Checking a lake, as calls: `verify`, and its twin for ordinary code."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Unpack, cast

from connector.config.config import Config
from connector.config.moments import interval_given
from connector.core.account_ids import given_name
from connector.errors import UsageError
from connector.options.calls import RunVerifyOptions, VerifyOptions
from connector.options.given import arguments_of
from connector.options.metrics import measured
from connector.options.signatures import takes
from connector.options.verification import DEFAULT_SAMPLE
from connector.running.blocking import run_blocking
from connector.services import Services, carried_out, observed, opened
from connector.verification.check import LakeCheck, VerifyChoice
from connector.verification.verdict import LAYERS, LayerName, Verdict, figures_of, to_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.events import OnEvent

_SEEDS = 2**31


@takes(VerifyOptions)
@measured("verify", figures_of)
async def verify(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[VerifyOptions],
) -> Verdict:
    """Check a lake against itself and against Stripe, layer by layer, and say what is proved.

    Args:
        destination: the lake.
        config: whom to ask; from the environment by default. Not looked at when offline.
        on_event: is told what happens, as by `connector.sync`.
        options: see below; `since` and `until` say which windows to check, by default all that runs were asked for.

    Returns:
        The verdict; findings are not errors.

    Raises:
        UsageError: an argument is out of bounds.
        ConfigError: there is no lake, no such account in it, or the key is of another one.
        StoppedError: it was stopped, by its canceller or deadline.
        ConnectorError: the lake or Stripe cannot be read.
    """
    choice = _choice(options)
    settings = None if options.get("offline") else Config.given(config)
    return await carried_out(
        opened(destination, settings, on_event),
        lambda services: verify_with(services, settings, choice),
        options,
    )


def _choice(options: VerifyOptions) -> VerifyChoice:
    """Return what to check.

    Raises:
        UsageError: an argument is out of bounds.
    """
    accounts, seed = options.get("accounts", ()), options.get("seed")
    since, until = options.get("since"), options.get("until")
    return VerifyChoice(
        layers=_checked_layers(options.get("layers", ())),
        accounts=(accounts,) if isinstance(accounts, str) else tuple(accounts),
        account_id=given_name(options.get("account_id")),
        sample=_checked_number("sample", options.get("sample", DEFAULT_SAMPLE)),
        seed=secrets.randbelow(_SEEDS) if seed is None else _checked_number("seed", seed) or 0,
        asked=None if since is None and until is None else interval_given(since, until),
    )


async def verify_with(services: Services, config: Config | None, choice: VerifyChoice) -> Verdict:
    """Do what `verify` does, with services that are open already.

    Args:
        services: what it touches.
        config: whom to ask; None to ask nobody.
        choice: what to check.

    Raises:
        ConnectorError: as `verify`.
    """

    async def work(services: Services) -> Verdict:
        client = None if config is None else services.client(config)
        try:
            return await LakeCheck(services, client, choice).go()
        finally:
            if client is not None:
                await client.end()

    return await observed("verify", services, work, rate_limit=config.rate if config else 0.0)


@takes(RunVerifyOptions)
@measured("verify", figures_of)
def run_verify(destination: str | PathLike[str], **options: Unpack[RunVerifyOptions]) -> dict[str, Any]:
    """Call `verify` from ordinary code.

    Args:
        destination: the lake.
        options: see below.

    Returns:
        The document of `schemas/verdict.json`.

    Raises:
        ConnectorError: as `verify`.
    """

    async def main() -> Verdict:
        return await verify(destination, **arguments_of(options, asks=not options.get("offline")))

    return to_document(run_blocking(main, instead="await connector.verify(…)"))


def _checked_layers(layers: Sequence[str]) -> frozenset[LayerName]:
    named = {layers} if isinstance(layers, str) else set(layers)
    if unknown := sorted(named - set(LAYERS)):
        raise UsageError(f"there is no layer {unknown[0]!r}; there are {', '.join(LAYERS)}")
    return frozenset(cast("set[LayerName]", named) or LAYERS)


def _checked_number(name: str, value: int | None) -> int | None:
    if value is not None and (type(value) is not int or not 0 <= value < _SEEDS):
        raise UsageError(f"`{name}` {value!r} is not a whole number, 0 or more")
    return value
