"""What goes from the driver to the executors: whom to ask and where to write, with the secrets in it.

An `ApiKey`, a `Salt` and a `Destination` refuse to be pickled, so that none goes anywhere by chance. Here it is meant:
Spark sends functions and readers as bytes, which it shows in no plan, page or log.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from connector.config.api_key import ApiKey
from connector.config.config import Config
from connector.config.destination import Destination, placed
from connector.config.salt import Salt

if TYPE_CHECKING:
    from os import PathLike


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """What a task in another process needs; it shows no secret, and takes them along when it is pickled.

    Attributes:
        config: whom to ask.
        destination: the lake; None where nothing is written.
        salt: of hashes, or None.
    """

    config: Config
    destination: str | PathLike[str] | None = None
    salt: Salt | None = field(default=None)

    def __reduce__(self) -> tuple[object, ...]:
        """Return how to make it again: this is where the secrets are taken along."""
        settings = {
            setting.name: getattr(self.config, setting.name) for setting in fields(Config) if setting.name != "api_key"
        }
        secrets = (self.config.api_key.reveal(), self.salt.reveal() if self.salt else None)
        return _revived, (settings, secrets, _plain(self.destination))


def _plain(destination: str | PathLike[str] | None) -> tuple[str, dict[str, str], bool] | None:
    if destination is None:
        return None
    if isinstance(destination, Destination):
        return destination.name, dict(destination.settings), destination.single_writer
    return str(destination), {}, False


def _revived(
    settings: dict[str, Any], secrets: tuple[str, str | None], place: tuple[str, dict[str, str], bool] | None
) -> ExecutorSettings:
    key, salt = secrets
    where = None if place is None else placed(place[0], place[1] or None, single_writer=place[2])
    return ExecutorSettings(Config(api_key=ApiKey(key), **settings), where, Salt(salt) if salt else None)
