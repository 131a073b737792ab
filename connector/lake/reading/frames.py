"""Rows handed to the libraries of data frames, which are not installed with this package."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connector.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType


def to_pandas(table: pa.Table) -> Any:  # noqa: ANN401 - a pandas.DataFrame, which need not be installed
    """Return a `pandas.DataFrame` in which whole numbers stay whole.

    Numbers are `Int64`, since pandas' own integers become floats where one is missing; days are `datetime64`; decimals
    are `decimal.Decimal`.

    Raises:
        ConfigError: pandas is not installed.
    """
    pandas = _library("pandas")
    kinds = {pa.int64(): pandas.Int64Dtype(), pa.int32(): pandas.Int32Dtype(), pa.bool_(): pandas.BooleanDtype()}
    return table.to_pandas(types_mapper=kinds.get, date_as_object=False)


def to_polars(table: pa.Table) -> Any:  # noqa: ANN401 - a polars.DataFrame, which need not be installed
    """Return a `polars.DataFrame`.

    Raises:
        ConfigError: polars is not installed.
    """
    return _library("polars").from_arrow(table)


def _library(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ConfigError(f"{name} is not installed, nor does this package bring it: pip install {name}") from error
