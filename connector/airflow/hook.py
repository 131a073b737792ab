"""The hook: a connection of type `stripe`, as whom to ask."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, ClassVar

from connector import Stripe
from connector.airflow.connection import (
    CONNECTION_TYPE,
    DEFAULT_CONNECTION,
    EXTRAS,
    ConnectionSettings,
    check_extra,
    settings_of,
)
from connector.airflow.versions import BaseHook
from connector.core.mode import mode_of
from connector.errors import ConnectorError
from connector.outside_text import sentence
from connector.running.blocking import run_anywhere

if TYPE_CHECKING:
    from connector.config.config import Config


MINUTE = 60


class StripeHook(BaseHook):
    """Whom to ask, from a connection of Airflow.

    Args:
        stripe_conn_id: name of the connection: its password is the key, its extras those of
            `connector.airflow.connection.EXTRAS`.
    """

    conn_name_attr = "stripe_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = CONNECTION_TYPE
    hook_name = "Stripe"
    placeholders: ClassVar[dict[str, str]] = {"password": "rk_live_…, a restricted key that reads balance transactions"}

    def __init__(self, stripe_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own
        super().__init__(**kwargs)
        self.stripe_conn_id = stripe_conn_id

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's fields besides the common ones, for Airflow 2; version 3 has them from the provider."""
        from flask_appbuilder.fieldwidgets import BS3TextFieldWidget  # noqa: PLC0415 - there in Airflow 2 only
        from wtforms import StringField  # noqa: PLC0415 - as above

        return {
            name: StringField(name.replace("_", " "), description=says, widget=BS3TextFieldWidget())
            for name, says in EXTRAS.items()
        }

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return what the form calls the common fields, and which of them it leaves out."""
        return {
            "hidden_fields": ["host", "schema", "login", "port", "extra"],
            "relabeling": {"password": "API key"},
            "placeholders": dict(cls.placeholders),
        }

    def settings(self, **given: Any) -> ConnectionSettings:  # noqa: ANN401 - fields of Config
        """Return what the connection says.

        Args:
            given: fields of `Config` that a task says otherwise.

        Raises:
            ConfigError: it has no key, or something that it should not have.
        """
        connection = self.get_connection(self.stripe_conn_id)
        check_extra(self.stripe_conn_id, connection.extra)
        return settings_of(self.stripe_conn_id, connection.password, connection.extra_dejson, os.environ, **given)

    def get_conn(self) -> Stripe:
        """Return a connection to Stripe, to be used as a block: `async with hook.get_conn() as stripe`."""
        return Stripe(self.config())

    def config(self, **given: Any) -> Config:  # noqa: ANN401 - fields of Config
        """Return whom to ask, as `connector.sync` and its kin take it; see `settings`."""
        return self.settings(**given).config

    def test_connection(self) -> tuple[bool, str]:
        """Say whether the key can be used, and whose it is; nothing that is said holds the key."""
        secret = ""
        try:
            settings = self.settings()
            secret = settings.config.api_key.reveal()
            return True, run_anywhere(lambda: _said(settings))
        except ConnectorError as error:
            return False, sentence(str(error), (secret,))
        except Exception as error:  # noqa: BLE001 - what it says may quote the connection
            return False, f"{type(error).__name__}: the connection {self.stripe_conn_id!r} cannot be used"


async def _said(settings: ConnectionSettings) -> str:
    mode = mode_of(settings.config.api_key.livemode, unknown="of neither mode")
    async with Stripe(settings.config) as stripe:
        identity = await stripe.account(account=settings.account)
        newest = int(time.time()) - MINUTE
        async with stripe.balance_transactions(created_gte=newest, account=settings.account) as pages:
            async for _ in pages:
                break
    return f"{identity.account}, {mode}: its balance transactions can be read"
