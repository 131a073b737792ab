"""Where the JSON Schemas are, and what they say.

The folder `schemas/` is the one source of truth for shapes: `api/` for objects as received, `tables/` for rows as
written, and the state, run report and verdict beside them. In a checkout or an editable install it stands next to
the package; a wheel carries it inside, as `connector/_schemas`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from connector.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIX = ".json"


def load(name: str) -> dict[str, Any]:
    """Read one schema.

    Args:
        name: path below `schemas/` without its ending, for example `tables/balance_transactions`.

    Returns:
        The schema, a fresh copy at each call, its properties in the order of the file.

    Raises:
        UsageError: there is no schema of that name.
        ConfigError: the installation carries no schemas.
    """
    schemas = _texts()
    if name not in schemas:
        raise UsageError(f"no schema is called {name!r}; there are {', '.join(schemas)}")
    return orjson.loads(schemas[name])


def names() -> tuple[str, ...]:
    """Give the names `load` knows, sorted.

    Raises:
        ConfigError: the installation carries no schemas.
    """
    return tuple(_texts())


@cache
def _texts() -> dict[str, bytes]:
    beside_package = Path(__file__).resolve().parent.parent / "schemas"
    return texts_in([files("connector") / "_schemas", beside_package])


def texts_in(folders: list[Traversable]) -> dict[str, bytes]:
    """Read all schemas of the first folder that has any, by sorted name.

    Raises:
        ConfigError: none of the folders has any.
    """
    for folder in folders:
        texts = dict(sorted(_walk(folder, "")))
        if texts:
            return texts
    raise ConfigError(f"no schemas in {' or '.join(map(str, folders))}: install the package again")


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    """List the schemas in a folder and one level below; a folder that is missing has none."""
    if not folder.is_dir():
        return []
    texts: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.name.endswith(_SUFFIX):
            texts.append((prefix + entry.name.removesuffix(_SUFFIX), entry.read_bytes()))
        elif not prefix:
            texts += _walk(entry, f"{entry.name}/")
    return texts
