"""Lay out what the site is built from: `python docs/site/stage.py FOLDER`.

The pages keep their places, so that a link is written once and holds on GitHub and here. What is made for the site
alone is the start page (the README and the table of contents), and the reference of the library.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import shutil
import sys
from pathlib import Path

import connector
from contents import CONTENTS, DECISIONS

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
TOCTREE = "\n```{{toctree}}\n:hidden:\n{caption}\n{pages}\n```\n"
TITLES = {
    "calls": ("Calls", "What is called, in async code and, as `run_…`, in ordinary code."),
    "asking": ("Asking Stripe", "The client, its settings, and what of it can be replaced."),
    "options": ("Options", "The keyword arguments of the calls."),
    "values": ("Values", "What calls return, and what those values are made of."),
    "errors": ("Errors", "The classes; [the page on errors](../docs/errors.md) says what to do about each."),
    "events": ("Events", "What a run tells while it is under way."),
}
MODULES = ("webhooks", "telemetry")
"""Public as a whole."""


def main(folder: Path) -> None:
    """Write all of it into `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / ".github").glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
    ]
    for page in pages:
        copy(page, folder)
        for link in LINK.findall(page.read_text("utf-8")):
            target = (page.parent / link).resolve()
            if target.is_file():
                copy(target, folder)
    (folder / "README.md").rename(folder / "index.md")
    with (folder / "index.md").open("a", encoding="utf-8") as start:
        start.write("".join(toctree(f":caption: {part}", paths) for part, paths in CONTENTS.items()))
    with (folder / DECISIONS).open("a", encoding="utf-8") as decisions:
        decisions.write(toctree("", sorted(one.name for one in (ROOT / DECISIONS).parent.glob("0*.md"))))
    write_reference(folder / "reference")


def copy(path: Path, folder: Path) -> None:
    """Copy one file to its place."""
    place = folder / path.relative_to(ROOT)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, place)


def toctree(caption: str, pages: tuple[str, ...] | list[str]) -> str:
    """Return a part of the table of contents."""
    return TOCTREE.format(caption=caption, pages="\n".join(pages))


def write_reference(folder: Path) -> None:
    """Write a page for each kind of what can be imported, and one that leads to them."""
    folder.mkdir()
    grouped: dict[str, list[str]] = {kind: [] for kind in TITLES}
    for name in sorted(connector.__all__):
        grouped[kind_of(name)].append(name)
    for kind, (title, says) in TITLES.items():
        text = [heading(title), says_in_rst(says), *map(directive, grouped[kind])]
        (folder / f"{kind}.rst").write_text("\n\n".join(text) + "\n", "utf-8")
    for name in MODULES:
        text = [heading(f"connector.{name}"), f".. automodule:: connector.{name}\n   :members:"]
        (folder / f"{name}.rst").write_text("\n\n".join(text) + "\n", "utf-8")
    index = [heading("Library reference"), "Everything that can be imported from `connector`, from its own docstrings."]
    index += [".. toctree::\n\n   " + "\n   ".join([*TITLES, *MODULES])]
    (folder / "index.rst").write_text("\n\n".join(index) + "\n", "utf-8")


def kind_of(name: str) -> str:
    """Say which page a name stands on."""
    found = getattr(connector, name)
    home = getattr(found, "__module__", "") or ""
    if inspect.isroutine(found):
        return "calls"
    if name in {"Event", "OnEvent"} or home == "connector.events":
        return "events"
    if home == "connector.errors":
        return "errors"
    if home == "connector.options.calls":
        return "options"
    asking = ("connector.stripe", "connector.config", "connector.core.api", "connector.running")
    return "asking" if home.startswith(asking) or name in {"AccountPages", "PageStream"} else "values"


def directive(name: str) -> str:
    """Return what has a name documented from its docstring."""
    found = getattr(connector, name)
    if inspect.isroutine(found):
        return f".. autofunction:: connector.{name}"
    if inspect.isclass(found) and not hasattr(found, "__origin__"):
        return f".. autoclass:: connector.{name}\n   :members:"
    says = inspect.getdoc(found) if inspect.isclass(found) else said_below(name)
    return f".. py:data:: connector.{name}\n\n   {says}"


def said_below(name: str) -> str:
    """Return what stands below an alias in its module: `Name = …`, then a docstring; else what it is an alias of."""
    home = sys.modules[connector._HOME_OF[name]]  # noqa: SLF001 - where it is defined
    body = ast.parse(inspect.getsource(home)).body
    for one, after in itertools.pairwise(body):
        named = [*getattr(one, "targets", ()), getattr(one, "target", None), getattr(one, "name", None)]
        if name in [getattr(target, "id", None) for target in named] and isinstance(after, ast.Expr):
            return " ".join(ast.literal_eval(after.value).split())
    return f"An alias of `{getattr(connector, name)}`.".replace("typing.", "")


def heading(title: str) -> str:
    """Return a title in reStructuredText."""
    return f"{title}\n{'=' * len(title)}"


def says_in_rst(text: str) -> str:
    """Turn the links of a sentence into those of reStructuredText."""
    return re.sub(r"\[([^]]+)\]\((\S+?)(?:\.md)?\)", r":doc:`\1 <\2>`", text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
