"""Catalogs of Iceberg tables: opening the one in a lake, or one that pyiceberg is configured for."""

# pyright: reportMissingImports=false, reportUnknownParameterType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
# (pyiceberg is an extra, and this is checked without it, too)

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationError,
    ValidationException,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.errors import CommitConflictError, ConfigError, StorageError
from connector.lake.catalogs.base import IN_USE_SECONDS, ROUNDS, CatalogInUseError
from connector.lake.catalogs.newest_metadata import CATALOG_FILE
from connector.lake.state.process import lock_holders
from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from pyiceberg.catalog import Catalog

LOCAL_CATALOG = "stripe_balance"
"""Name of the catalog in a lake on a disk; readers have to give it, too."""

_UNFIT = frozenset("#?;%")
_IN_THE_WAY = re.compile(r"locked|serializ|deadlock|lock wait|lock timeout", re.IGNORECASE)
"""What a catalog's database says where somebody else is writing; all else that it cannot do is no conflict."""

READING = "reading the table"
"""How it is said that a table is looked at."""

_SPOILT = re.compile(r"file is not a database|disk image is malformed")
"""What SQLite says of a file that a disk or a copy has spoilt."""

_TABLES_OF_A_CATALOG = ("iceberg_tables", "iceberg_namespace_properties")
_MADE_BY_ANOTHER = re.compile(rf"({'|'.join(_TABLES_OF_A_CATALOG)})\b.{{0,20}} already exists")
"""What a database says of a new catalog's tables to all but the first of those who open it at once.

PostgreSQL may say it of its own list of types: `(typname, typnamespace)=(iceberg_tables, 2200) already exists`.
"""


def open_catalog(root: str, name: str | None = None, files: Mapping[str, str] | None = None) -> Catalog:
    """Return the catalog that a lake's tables are in.

    Args:
        root: the lake: an absolute path, or the address of a bucket's folder.
        name: of a catalog that pyiceberg is configured for (`.pyiceberg.yaml`, `PYICEBERG_CATALOG__…`); None for that
            in the lake.
        files: properties by which the catalog gets at files in a bucket; see `iceberg_files.files_in`.

    Raises:
        ConfigError: the lake is in a bucket and no catalog is named, or there is none of that name.
    """
    if name is not None:
        with at_catalog(f"opening the catalog {name}", ConfigError):
            return opened_beside_others(lambda: load_catalog(name, **(files or {})))
    if "://" in root:
        raise ConfigError(
            "Iceberg tables in a bucket need a catalog, since there are no conditional renames in one: name one that"
            " pyiceberg is configured for, with `catalog`"
        )
    if unfit := sorted(_UNFIT & set(root)):
        raise ConfigError(f"{root}: the path of an Iceberg table may have no {unfit[0]!r}; use another folder")
    with at_catalog(f"opening {root}/{CATALOG_FILE}", root=root):
        Path(root).mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # SQLite would give a new file no more than 0o644: a group that shares the lake, too
            os.close(os.open(f"{root}/{CATALOG_FILE}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        properties = {"uri": f"sqlite:///{root}/{CATALOG_FILE}", "warehouse": f"file://{root}"}
        return opened_beside_others(lambda: SqlCatalog(LOCAL_CATALOG, **properties))


def opened_beside_others(make: Callable[[], Catalog], now: Callable[[], float] = time.monotonic) -> Catalog:
    """Open a catalog; again where another process makes its tables, or writes to it, in the same moment."""
    end = now() + IN_USE_SECONDS
    for _ in range(ROUNDS):
        try:
            return make()
        except SQLAlchemyError as error:
            if not (_MADE_BY_ANOTHER.search(str(error)) or _IN_THE_WAY.search(str(error))) or now() >= end:
                raise
    return make()


@contextmanager
def at_catalog(
    what: str, kind: type[StorageError | ConfigError] = StorageError, *, root: str | None = None
) -> Generator[None]:
    """Have errors of pyiceberg be ours; those that come of another publisher's commit are conflicts.

    Args:
        what: is being done.
        kind: of an error that is no conflict.
        root: the lake, whose own catalog something may have locked.
    """
    try:
        yield
    except (StorageError, ConfigError):
        raise
    except (
        CommitFailedException,
        CommitStateUnknownException,
        NoSuchTableError,  # one that makes it anew removes it before
        TableAlreadyExistsError,
        ValidationException,
    ) as error:
        raise _conflict(what, error, root) from error
    except Exception as error:
        if isinstance(error, DBAPIError) and _IN_THE_WAY.search(str(error)):
            raise _conflict(what, error, root) from error
        if isinstance(error, DBAPIError) and (spoilt := _SPOILT.search(str(error))):
            raise StorageError(
                f"{what}: the catalog's database is damaged ({spoilt[0]}): restore it from a backup; or move a lake's"
                f" own {CATALOG_FILE} away, and the next run makes the tables anew, without their history"
            ) from error
        if isinstance(error, (EOFError, ValueError, ValidationError, FileNotFoundError)) and what.startswith(READING):
            how = "is not all there" if isinstance(error, FileNotFoundError) else "cannot be understood"
            raise StorageError(
                f"{what}: its metadata {how} ({sentence(str(error))}): where it is damaged, restore it"
                f" from a backup; or move a lake's own {CATALOG_FILE} away (of another catalog: drop the table), and"
                " the next run makes the tables anew, without their history"
            ) from error
        raise kind(f"{what}: {_words(error)}") from error


def _words(error: Exception) -> str:
    """Return what an error says; of a database's, what that said, without the statement and the values."""
    return str(getattr(error, "orig", None) or error)


def _conflict(what: str, error: Exception, root: str | None) -> CommitConflictError:
    if not isinstance(error, DBAPIError):
        return CommitConflictError(f"{what}: another publisher committed first ({type(error).__name__}); run again")
    told = str(getattr(error, "orig", error))
    by = lock_holders(Path(root) / CATALOG_FILE) if root is not None and "://" not in root else []
    found, then = (f", by {' and '.join(by)}", "end that, or wait for it, and run again") if by else ("", "run again")
    kind = CatalogInUseError if "database is locked" in told else CommitConflictError
    return kind(f"{what}: its database is in use by something else ({told}{found}); {then}")
