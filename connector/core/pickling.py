"""Values with read-only mappings that go to another process: Python pickles and copies no such mapping."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def carried(value: DataclassInstance) -> tuple[Any, ...]:
    """Return what `__reduce__` of a dataclass is to: its read-only mappings are dicts on the way, and not after it."""
    values: dict[str, Any] = {field.name: getattr(value, field.name) for field in fields(value)}
    mappings: dict[str, Any] = {
        name: dict(cast("MappingProxyType[str, Any]", value))
        for name, value in values.items()
        if isinstance(value, MappingProxyType)
    }
    return _arrived, (type(value), {**values, **mappings}, tuple(mappings))


def _arrived(kind: type[T], values: dict[str, Any], mappings: tuple[str, ...]) -> T:
    return kind(**{**values, **{name: MappingProxyType(values[name]) for name in mappings}})
