"""Settings of a bucket's store: which there are, which of them are secrets, and where they come from.

Names are obstore's, without the cloud's own prefix; `aws_`, `google_` and `azure_` before them are taken off.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from connector.config.secret_files import exposed
from connector.core.suggestions import did_you_mean
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_BYTES = 2**16
"""Bytes of a file of settings that are read."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """What there is to set of one kind of store.

    Attributes:
        secrets: names whose values let somebody in; each with the variable of the environment that has it.
        plain: names of all other settings.
        other_names: what some are called besides.
        prefixes: what may stand before each name.
        variables: variables of the environment that hold something secret, beside those of `secrets`.
    """

    secrets: Mapping[str, str]
    plain: frozenset[str]
    other_names: Mapping[str, str]
    prefixes: tuple[str, ...]
    variables: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All names."""
        return self.plain | self.secrets.keys()


CLOUDS = {
    "s3": Cloud(
        secrets={
            "access_key_id": "AWS_ACCESS_KEY_ID",
            "secret_access_key": "AWS_SECRET_ACCESS_KEY",
            "session_token": "AWS_SESSION_TOKEN",
            "sse_customer_key_base64": "AWS_SSE_CUSTOMER_KEY_BASE64",
        },
        plain=frozenset({
            "checksum_algorithm", "container_authorization_token_file", "container_credentials_full_uri",
            "container_credentials_relative_uri", "default_region", "disable_bulk_delete", "disable_tagging",
            "endpoint", "imdsv1_fallback", "metadata_endpoint", "profile", "region", "request_payer", "role_arn",
            "role_session_name", "root_certificate", "s3_express", "server_side_encryption", "skip_signature",
            "sse_bucket_key_enabled", "sse_kms_key_id", "sts_endpoint", "unsigned_payload",
            "virtual_hosted_style_request", "web_identity_token_file",
        }),
        other_names={"endpoint_url": "endpoint", "endpoint_url_s3": "endpoint", "token": "session_token"},
        prefixes=("aws_",),
        variables=("AWS_TOKEN",),
    ),
    "gs": Cloud(
        secrets={"bearer_token": "GOOGLE_BEARER_TOKEN", "service_account_key": "GOOGLE_SERVICE_ACCOUNT_KEY"},
        plain=frozenset({
            "application_credentials", "base_url", "root_certificate", "service_account", "skip_signature",
        }),
        other_names={"endpoint": "base_url", "service_account_path": "service_account"},
        prefixes=("google_",),
    ),
    "az": Cloud(
        secrets={
            "account_key": "AZURE_STORAGE_ACCOUNT_KEY",
            "client_secret": "AZURE_CLIENT_SECRET",
            "encryption_key": "AZURE_ENCRYPTION_KEY",
            "sas_key": "AZURE_STORAGE_SAS_KEY",
            "token": "AZURE_STORAGE_TOKEN",
        },
        plain=frozenset({
            "account_name", "authority_host", "client_id", "credential_type", "disable_tagging", "endpoint",
            "federated_token_file", "msi_endpoint", "msi_resource_id", "object_id", "root_certificate",
            "skip_signature", "tenant_id", "use_azure_cli", "use_emulator", "use_fabric_endpoint",
        }),
        other_names={
            "access_key": "account_key", "master_key": "account_key", "bearer_token": "token", "sas_token": "sas_key",
            "authority_id": "tenant_id", "identity_endpoint": "msi_endpoint",
        },
        prefixes=("azure_storage_", "azure_"),
        variables=(
            "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY", "AZURE_STORAGE_CLIENT_SECRET",
            "AZURE_STORAGE_SAS_TOKEN",
        ),
    ),
    "memory": Cloud({}, frozenset(), {}, ()),
}  # fmt: skip
"""By the scheme of the address."""


def checked_settings(scheme: str, given: Mapping[str, object]) -> dict[str, str]:
    """Return settings under the names that a store has for them.

    Args:
        scheme: of the store.
        given: settings by name, in any case, with or without the cloud's prefix.

    Raises:
        ConfigError: there is no such setting, or its value cannot be one; no value is quoted.
    """
    cloud = CLOUDS[scheme]
    checked: dict[str, str] = {}
    for name, value in given.items():
        known = _known(cloud, name)
        if known is None:
            raise ConfigError(_unknown(scheme, name))
        if known in checked:
            raise ConfigError(f"`storage_options` name {known} twice: once as {name}")
        checked[known] = _text(name, value)
    return checked


def is_secret(name: str) -> bool:
    """Say whether a setting's value lets somebody in, at any store."""
    return variable_of(name) is not None


def variable_of(name: str) -> str | None:
    """Return the variable of the environment that has a secret setting; None for one that is not secret."""
    variables = (cloud.secrets.get(_known(cloud, name) or "") for cloud in CLOUDS.values())
    return next((value for value in variables if value is not None), None)


def has_secret(value: str) -> bool:
    """Say whether a value is an address that lets somebody in."""
    if "://" not in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return "@" in parts.netloc or bool(parts.query)


def settings_in(path: str | os.PathLike[str], tell: Callable[[str], None] = lambda _line: None) -> dict[str, str]:
    """Return the settings in a file: `NAME=VALUE` on each line; blank lines and comments (`#`) do not count.

    Args:
        path: the file.
        tell: told where others can read it.

    Raises:
        ConfigError: it cannot be read, or a line is something else; the line is not quoted.
    """
    where = Path(path)
    try:
        with where.open("rb") as file:
            status = os.fstat(file.fileno())
            lines = file.read(MOST_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read storage options from {where}: {error}") from None
    settings: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        bare = line.strip().removeprefix("export ").strip()
        if not bare or bare.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in bare.partition("="))
        if not equals or not name.isidentifier():
            raise ConfigError(f"line {number} of {where} is not NAME=VALUE, such as region=eu-central-1")
        settings[name] = _unquoted(value)
    if any(map(is_secret, settings)) and (said := exposed(where, status)) is not None:
        tell(said)
    return settings


def settings_around(scheme: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the environment has of a store, under the names that the store has for them.

    Args:
        scheme: of the store.
        environ: variables; those without the cloud's prefix are no settings, and of two spellings the first one counts.
    """
    cloud = CLOUDS[scheme]
    settings: dict[str, str] = {}
    for name, value in environ.items():
        if value and name.lower().startswith(cloud.prefixes) and (known := _known(cloud, name)) is not None:
            settings.setdefault(known, value)
    return settings


def secrets_among(settings: Mapping[str, object], environ: Mapping[str, str]) -> set[str]:
    """Return the values that must not be shown: of settings, and of the environment."""
    secrets = {value for name, value in settings.items() if isinstance(value, str) and is_secret(name)}
    for cloud in CLOUDS.values():
        secrets |= {environ[name] for name in (*cloud.secrets.values(), *cloud.variables) if environ.get(name)}
    return secrets


def _known(cloud: Cloud, name: object) -> str | None:
    """Return what a store calls a setting; None where it has none of the name."""
    if not isinstance(name, str):
        return None
    bare = name.lower()
    spellings = (bare, *(bare.removeprefix(prefix) for prefix in cloud.prefixes if bare.startswith(prefix)))
    there = (cloud.other_names.get(spelling, spelling) for spelling in spellings)
    return next((variable for variable in there if variable in cloud.names), None)


def _unknown(scheme: str, name: object) -> str:
    cloud = CLOUDS[scheme]
    if not cloud.names:
        return f"`storage_options` are for buckets: {scheme}:// has none"
    bare = str(name).lower()
    for prefix in cloud.prefixes:
        bare = bare.removeprefix(prefix)
    return (
        f"there is no storage option {str(name)!r} for {scheme}://{did_you_mean(bare, sorted(cloud.names))}; there are"
        f" {', '.join(sorted(cloud.names))}"
    )


def _text(name: str, value: object) -> str:
    """Return a value as text.

    Raises:
        ConfigError: it is something else, or an address that holds a password or a token.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, os.PathLike):
        value = os.fspath(cast("os.PathLike[str]", value))
    if not isinstance(value, str | int) or not str(value).strip():
        raise ConfigError(f"the storage option {name} must be text, and not empty")
    if has_secret(str(value)):
        raise ConfigError(f"the storage option {name} is an address with a password or a token in it: take that out")
    return str(value).strip()


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text
