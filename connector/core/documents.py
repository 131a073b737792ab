"""Small documents as JSON: records, reports, verdicts. Rows have a faster way; here integers may be of any size.

Sums of money are exact, and a sum of many large amounts is more than 64 bits, which orjson refuses to write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

import orjson

from connector.core.api.json_text import escaped


def to_json(document: object, *, sort_keys: bool = False) -> bytes:
    """Return a document as lines that a person can read; with sorted keys, equal documents are equal bytes."""
    wishes = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    try:
        return orjson.dumps(document, option=wishes)
    except orjson.JSONEncodeError:  # integers of more than 64 bits, half pairs: the same, at a fiftieth of the speed
        return f"{escaped(json.dumps(document, indent=2, sort_keys=sort_keys, ensure_ascii=False))}\n".encode()


def to_line(document: object) -> bytes:
    """Return a document in one line, without a line's end."""
    return escaped(json.dumps(document, ensure_ascii=False, separators=(",", ":"))).encode()


def to_plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Turn frozen values, and what is in them, into what JSON knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in cast("Mapping[str, object]", value).items()}
    return value
