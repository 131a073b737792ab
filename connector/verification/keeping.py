"""From a verdict to what of it a lake keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.state.kept_verdict import MOST_FINDINGS, KeptLayer, KeptVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.core.state.table_state import TableState
    from connector.verification.verdict import AccountVerdict, Layer


def kept_of(verdicts: Iterable[AccountVerdict], states: Iterable[TableState], *, checked: int) -> Iterator[KeptVerdict]:
    """Yield what is to be kept of each account.

    Args:
        verdicts: what checking came to.
        states: as they were checked.
        checked: when the check began, UTC seconds.
    """
    named = {str(known.account): known for known in states}
    for account in verdicts:
        state = named[account.account]
        yield KeptVerdict(state.account, tuple(_layer(layer, checked, state.number) for layer in account.layers))


def _layer(layer: Layer, checked: int, number: int) -> KeptLayer:
    return KeptLayer(
        layer=layer.layer,
        verdict=layer.verdict,
        reason=layer.reason,
        checked_at=checked,
        lake_record=number,
        counts=dict(layer.counts),
        findings=tuple(finding.message for finding in layer.findings[:MOST_FINDINGS]),
    )
