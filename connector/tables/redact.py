"""Carrying out a choice of privacy on the rows of a page, before they become columns or lines.

What is left out is gone: a column that may be null is null, any other field is as if it had not been received. What is
hashed is the HMAC-SHA256 of the text, in hexadecimal, or of the compact JSON of anything else, keys sorted; null stays
null. The same data under the same salt gives the same hash: rows read again compare equal, and hashes can be joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import orjson

from connector.core.api.json_text import REPEATED, dumps, plain
from connector.core.state.drift import Drift
from connector.errors import ConfigError, SchemaError
from connector.tables.columnize import BALANCE_TRANSACTION, FEE_PART, Columnized, columnize
from connector.tables.fields import Fields, Json, is_object, is_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.config.salt import Salt
    from connector.core.privacy import Privacy

_GONE: Final = object()
Change: TypeAlias = Callable[[Any], Any]
Tree: TypeAlias = "dict[str, Change | Tree]"


class Redactor:
    """Leaves out and hashes as chosen.

    Args:
        privacy: the choice.
        salt: of the hashes; needed when there are any.

    Raises:
        ConfigError: there is something to hash, and no salt.
    """

    def __init__(self, privacy: Privacy, salt: Salt | None) -> None:
        if privacy.hash and salt is None:
            raise ConfigError("a lake with hashed columns needs the salt it was made with")
        self._privacy = privacy
        self._salt = salt
        self._no_extra = "extra" in privacy.omit
        self._tree: Tree = {}
        self._looked_for = {name for name in (*privacy.omit, *privacy.hash) if "." in name}
        for name in (*privacy.omit, *privacy.hash):
            if name not in {"extra", "source", "source_object"}:
                self._plant(name)
        self._touches_source = privacy.hides_source or "source_object" in privacy.omit

    def rows(self, received: Sequence[Json]) -> Columnized:
        """Return rows as they may be kept; what was received is left as it is.

        Args:
            received: rows in which `columnize` finds nothing to refuse.

        Raises:
            SchemaError: a value to be hashed nests deeper than JSON can be written.
        """
        changed = [self._row(row) for row in received]
        if not self._touches_source:
            return columnize(changed)
        sources = [row["source"] if is_object(row.get("source")) else None for row in changed]
        columnized = columnize(
            [{**row, "source": self._source(row["source"])} if "source" in row else row for row in changed]
        )
        return replace(columnized, sources=sources if any(sources) else (), keeps_sources=False)

    @property
    def not_found(self) -> tuple[str, ...]:
        """The paths that no row has had so far, sorted: misspelt, maybe."""
        return tuple(sorted(self._looked_for))

    def spare(self, drift: Drift) -> Drift:
        """Return what differs in rows as received, without values that are not to be kept."""
        hidden = {*self._privacy.omit, *self._privacy.hash}
        kept = [
            finding
            for finding in drift.findings
            if finding.kind != "unknown_value" or hidden.isdisjoint({finding.column, finding.column.partition(".")[0]})
        ]
        return Drift(tuple(kept))

    def _plant(self, name: str) -> None:
        """Add what is to be done to one name to the tree of what is to be done."""
        head, *rest = path = name.split(".")
        if head == "extra":
            head, *rest = path = rest
        branch = self._tree
        for step in path[:-1]:
            branch = cast("Tree", branch.setdefault(step, {}))
        fields = BALANCE_TRANSACTION if not rest else FEE_PART if head == "fee_details" else None
        change = self._hashed if name in self._privacy.hash else _omission(path[-1], fields)

        def found(value: object) -> object:
            self._looked_for.discard(name)
            return change(value)

        branch[path[-1]] = found

    def _row(self, row: Json) -> Json:
        row = {name: value for name, value in row.items() if name != REPEATED} if REPEATED in row else row
        if self._no_extra:
            row = _fitting(row, BALANCE_TRANSACTION)
            if "fee_details" in row:
                row["fee_details"] = [_fitting(part, FEE_PART) for part in row["fee_details"]]
        return _changed(row, self._tree) if self._tree else row

    def _source(self, source: object) -> object:
        """Return what takes the place of a source: its id, the hash of it, or null."""
        if "source" in self._privacy.omit:
            return None
        if is_object(source):
            source_id = cast("Json", source).get("id")
            source = source_id if is_text(source_id) else None
        return self._hashed(source) if "source" in self._privacy.hash else source

    def _hashed(self, value: object) -> str | None:
        if value is None or self._salt is None:
            return None
        if isinstance(value, str):
            return self._salt.mac(value.encode(errors="surrogatepass"))
        try:
            return self._salt.mac(dumps(value, orjson.OPT_SORT_KEYS))
        except TypeError:
            raise SchemaError("a value to be hashed nests too deeply to be written as JSON") from None


def _omission(name: str, fields: Fields | None) -> Change:
    """Say what leaving out a field does: null where its column may be null, else it is gone."""
    may_be_null = fields is not None and name in fields.tests and fields.tests[name](None)
    return (lambda _: None) if may_be_null else (lambda _: _GONE)


def _changed(value: Json, tree: Tree) -> Json:
    """Return an object with the changes of a tree made in it; a copy of what is changed."""
    result = dict(value)
    for name in tree.keys() & value.keys():
        change = tree[name]
        changed = change(value[name]) if callable(change) else _inside(value[name], change)
        if changed is _GONE:
            del result[name]
        else:
            result[name] = changed
    return result


def _inside(value: object, tree: Tree) -> object:
    """Make changes inside an object, or in each member of a list; anything else has nothing inside."""
    if isinstance(value, dict):
        return _changed(cast("Json", value), tree)
    if isinstance(value, list):
        return [_inside(member, tree) for member in cast("Iterable[object]", value)]
    return value


def _fitting(received: object, fields: Fields) -> Json:
    """Return the fields of an object that their columns can hold; one that does not fit is left out."""
    kept: Json = {}
    for name, value in cast("Json", received).items():
        fits = fields.tests.get(name)
        if fits is not None and (fits(value) or fits(plain(value)) or fits(None)):
            kept[name] = value if fits(value) else shown if fits(shown := plain(value)) else None
    return kept
