"""Values with read-only mappings that go to another process: Python pickles and copies no such mapping."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


class Carried:
    """A dataclass whose read-only mappings are dicts on their way, and read-only again where it arrives."""

    __slots__ = ()

    def __reduce__(self) -> tuple[object, ...]:
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(cast("DataclassInstance", self))}
        mappings: dict[str, Any] = {
            name: dict(cast("MappingProxyType[str, Any]", value))
            for name, value in values.items()
            if isinstance(value, MappingProxyType)
        }
        return _arrived, (type(self), {**values, **mappings}, tuple(mappings))


def _arrived(kind: type[T], values: dict[str, Any], mappings: tuple[str, ...]) -> T:
    return kind(**{**values, **{name: MappingProxyType(values[name]) for name in mappings}})
