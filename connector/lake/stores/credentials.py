"""Where the credentials of a bucket come from, found out before the first request: nobody waits for what is not there.

obstore reads keys, tokens and service accounts by itself, and asks the machine's metadata address where there are none.
It reads no profile and no SSO session; boto3 does, where it is installed. The metadata address is used only where it
answers at once: elsewhere every request would wait for it in vain.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.config.storage import CLOUDS
from connector.errors import ConfigError
from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

METADATA = ("169.254.169.254", 80)
"""Where a machine in a cloud is told who it is; the same on all three."""

METADATA_SECONDS = 1.0
"""How long that may take to answer."""

KEPT = timedelta(minutes=15)
"""How long what boto3 said is used before it is asked again."""

SET = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile (AWS_PROFILE; needs boto3)",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or run"
    " `gcloud auth application-default login`",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or a SAS token or a client's id and secret",
    "memory": "none are needed",
}
"""What to set, by scheme."""

_ENOUGH = {
    "s3": ("skip_signature", "access_key_id", "web_identity_token_file", "container_credentials_relative_uri",
           "container_credentials_full_uri"),
    "gs": ("skip_signature", "service_account", "service_account_key", "application_credentials", "bearer_token"),
    "az": ("skip_signature", "account_key", "sas_key", "token", "client_secret", "federated_token_file",
           "msi_endpoint", "use_azure_cli", "use_emulator", "use_fabric_endpoint"),
    "memory": (),
}  # fmt: skip
"""Settings of which one lets in, or says who does."""

_VARIABLES = {
    "s3": ("AWS_SKIP_SIGNATURE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE",
           "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    "gs": ("GOOGLE_SKIP_SIGNATURE", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH",
           "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_BEARER_TOKEN"),
    "az": ("AZURE_SKIP_SIGNATURE", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY",
           "AZURE_STORAGE_MASTER_KEY", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_TOKEN",
           "AZURE_STORAGE_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_MSI_ENDPOINT",
           "AZURE_IDENTITY_ENDPOINT", "AZURE_USE_AZURE_CLI", "AZURE_STORAGE_USE_EMULATOR"),
    "memory": (),
}  # fmt: skip
"""The same, in the environment."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around a process.

    Attributes:
        environ: its environment.
        answers: says whether an address takes a connection within some seconds.
        load: imports a module by name.
    """

    environ: Mapping[str, str]
    answers: Callable[[tuple[str, int], float], bool]
    load: Callable[[str], Any] = import_module


class Profile:
    """Credentials of a profile or an SSO session, as boto3 finds them and keeps them fresh.

    Attributes:
        config: what the profile says of the store besides: its region.
    """

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - boto3 ships no types
        self._found = session.get_credentials()
        self.config: dict[str, str] = {"region": session.region_name} if session.region_name else {}

    @property
    def there(self) -> bool:
        """Whether there are any."""
        return self._found is not None

    def __call__(self) -> dict[str, Any]:
        """Return them as obstore takes them; asks where they are due to be renewed."""
        frozen = self._found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + KEPT,
        }


def provider_of(scheme: str, settings: Mapping[str, str], around: Surroundings) -> Profile | None:
    """Return what is to provide credentials, or None where the store's own client finds them.

    Args:
        scheme: of the store.
        settings: storage options by the store's names.
        around: the process.

    Raises:
        ConfigError: there are none; says in one line what to set.
    """
    environ = around.environ
    profile = settings.get("profile")
    if profile is None and _is_told(scheme, settings, environ):
        _refuse_half(settings, environ)
        return None
    if scheme == "s3" and (own_profile := _of_boto3(profile or environ.get("AWS_PROFILE"), around)) is not None:
        return own_profile
    if scheme == "memory" or around.answers(METADATA, METADATA_SECONDS):
        return None
    raise ConfigError(f"no credentials for {scheme}://{_instead(scheme, environ)}: {SET[scheme]}")


def connects(address: tuple[str, int], seconds: float) -> bool:
    """Say whether an address takes a connection within some seconds."""
    try:
        with socket.create_connection(address, seconds):
            return True
    except OSError:
        return False


def _is_told(scheme: str, settings: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Say whether settings or the environment let in, or say who does."""
    no = {"", "false", "0", "no"}
    named = any(settings.get(name, "").lower() not in no for name in _ENOUGH[scheme])
    if named or any(environ.get(variable, "").lower() not in no for variable in _VARIABLES[scheme]):
        return True
    home = environ.get("HOME")
    return scheme == "gs" and home is not None and (Path(home) / _GCLOUD).is_file()


_GCLOUD = Path(".config/gcloud/application_default_credentials.json")


def _refuse_half(settings: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Refuse one half of a pair of keys: the store would say only that it does not let us in.

    Raises:
        ConfigError: the other half is not there.
    """
    for half, other in (("access_key_id", "secret_access_key"),):
        variables = [CLOUDS["s3"].secrets[name] for name in (half, other)]
        if (settings.get(half) or environ.get(variables[0])) and not (settings.get(other) or environ.get(variables[1])):
            raise ConfigError(f"{variables[0]} is set, and {variables[1]} is not: set both")


def _of_boto3(profile: str | None, around: Surroundings) -> Profile | None:
    """Return what boto3 finds; None where it finds nothing, or is not installed and no profile is named.

    Raises:
        ConfigError: a profile is named, and cannot be used.
    """
    try:
        boto3 = around.load("boto3")
    except ModuleNotFoundError:
        if profile is None:
            return None
        raise ConfigError(
            f"the AWS profile {profile!r} is read by boto3, which is not installed: pip install boto3, or {SET['s3']}"
        ) from None
    try:
        own_profile = Profile(boto3.Session(profile_name=profile))
        if own_profile.there:
            own_profile()  # a session that has run out is noticed here, not in the middle of a run
            return own_profile
    except Exception as error:  # noqa: BLE001 - boto3's errors are of many kinds, and its types are not here
        named = "the AWS configuration" if profile is None else f"the AWS profile {profile!r}"
        raise ConfigError(f"{named} gives no credentials: {sentence(str(error))[:300]}") from None
    if profile is not None:
        raise ConfigError(f"the AWS profile {profile!r} has no credentials in it: {SET['s3']}")
    return None


def _instead(scheme: str, environ: Mapping[str, str]) -> str:
    """Say what is set and does not count."""
    if scheme == "az" and environ.get("AZURE_STORAGE_CONNECTION_STRING"):
        return " (AZURE_STORAGE_CONNECTION_STRING is set, and not read: it holds both of these)"
    return ""
