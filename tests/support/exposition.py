"""Reading Prometheus' text format as strictly as its own tools do: by its description, without what ours is made of.

Source: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format"; what `promtool check metrics` refuses.
Where `prometheus_client` is installed, its parser reads the text, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)")
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


@dataclass
class Exposed:
    """A metric as it is read: its type, its help, and each sample's labels and value."""

    kind: str = ""
    says: str = ""
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)


def families_in(text: str) -> dict[str, Exposed]:
    """Return the metrics of a text; a type and a help before the samples, each once, no series twice."""
    assert text.endswith("\n")
    found: dict[str, Exposed] = {}
    last = ""
    for line in text[:-1].split("\n"):
        words = line.split(" ", 3)
        if words[0] == "#" and words[1] in {"HELP", "TYPE"}:
            name = words[2]
            one = found.setdefault(name, Exposed())
            assert not one.samples, f"{line}: after its samples"
            if words[1] == "TYPE":
                assert not one.kind
                assert words[3] in {"counter", "gauge", "histogram", "summary", "untyped"}
                one.kind = words[3]
            else:
                assert not one.says
                one.says = words[3].replace("\\n", "\n").replace("\\\\", "\\")
            last = name
        elif not line.startswith("#"):
            match = _SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == last, f"{line}: not with the others of its name"
            labels = _labels(match[2] or "")
            assert all(labels != other for other, _ in found[last].samples), f"{line}: twice"
            found[last].samples.append((labels, float(match[3])))
    assert all(one.kind and one.says and one.samples for one in found.values())
    _read_by_theirs(text, found)
    return found


def _labels(text: str) -> dict[str, str]:
    pairs = list(_PAIR.finditer(text))
    assert ",".join(one[0] for one in pairs) == text
    labels = {one[1]: re.sub(r"\\(.)", lambda two: {"n": "\n"}.get(two[1], two[1]), one[2]) for one in pairs}
    assert len(labels) == len(pairs)
    return labels


def _read_by_theirs(text: str, ours: dict[str, Exposed]) -> None:
    if find_spec("prometheus_client") is None:
        return
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - where it is

    theirs = {}
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        theirs[name] = (family.type, family.documentation, [(one.labels, one.value) for one in family.samples])
    assert theirs == {name: (one.kind, one.says, one.samples) for name, one in ours.items()}
