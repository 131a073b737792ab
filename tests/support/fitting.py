"""Documents are held to their schemas: each schema is itself checked once, which takes longer than a document does."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from connector import schemas


@cache
def checked(name: str) -> Draft202012Validator:
    """Return what holds documents to a schema of the package, by its name; the schema is a right one."""
    schema = schemas.load(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def fits(document: Any, name: str) -> None:
    """Hold a document to a schema of the package.

    Raises:
        jsonschema.ValidationError: it does not fit.
    """
    checked(name).validate(document)
