"""A frozen period for tests of what is done with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.core.state.frozen import FrozenPeriod, digest_of

if TYPE_CHECKING:
    from connector.core.units import AccountId


def frozen(account: AccountId, figures: dict[str, Any], **fields: Any) -> FrozenPeriod:
    """A period of one row that was frozen, with its figures, and fields of it that matter."""
    usual = {
        "account": account,
        "name": "2026-10",
        "timezone": "UTC",
        "start": 0,
        "stop": 9,
        "revision": 1,
        "frozen_at": 9,
        "connector_version": "0",
        "api_versions": (),
        "livemode": None,
        "lake": None,
        "lake_record": 1,
        "lake_record_sha256": "",
        "files_sha256": "",
        "rows": 1,
        "figures": figures,
        "figures_sha256": digest_of(figures),
    }
    return FrozenPeriod(**(usual | fields))
