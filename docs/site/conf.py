"""How Sphinx builds the site: `make docs`."""

from __future__ import annotations

import inspect
import re

import connector

project = "stripe-balance"
author = "the authors of stripe-balance"
copyright = "Apache-2.0"  # noqa: A001 - Sphinx's name
version = release = connector.__version__
html_title = f"stripe-balance {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.githubpages"]
exclude_patterns = [".github/pull_request_template.md"]
suppress_warnings = [
    "misc.highlighting_failure",  # blocks of output, and `.read` of the program duckdb
    "myst.header",  # a changelog begins its parts anew
]

myst_heading_anchors = 4  # as GitHub has them: a link to a heading is checked
autodoc_mock_imports = ["opentelemetry"]  # an extra
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_display_short_literal_types = True
maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # the fields of a named tuple are members besides
default_role = "code"  # docstrings write code as Markdown does

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}

_FENCE = re.compile(r"^```\w*$")


def _as_rst(_app: object, _kind: str, _name: str, _found: object, _options: object, lines: list[str]) -> None:
    """Turn what docstrings have of Markdown, blocks of code, into reStructuredText, in place."""
    inside, out = False, []
    for line in lines:
        if _FENCE.match(line.strip()):
            inside = not inside
            out += ["", "::", ""] if inside else [""]
        else:
            out.append(f"   {line}" if inside else line)
    lines[:] = out


def _without_defaults(_app: object, kind: str, _name: str, found: object, *_rest: object) -> tuple[str, str] | None:
    """Leave out the signature of an error: what it carries is said in its docstring."""
    return ("", "") if kind == "class" and inspect.isclass(found) and issubclass(found, Exception) else None


def _without_fields(_app: object, _kind: str, _name: str, found: object, skip: bool, _options: object) -> bool:  # noqa: FBT001 - the signature is Sphinx's
    """Leave out the fields of named tuples, which say nothing of themselves."""
    return skip or (getattr(found, "__doc__", None) or "").startswith("Alias for field number")


def setup(app: object) -> None:
    """Say what to do with docstrings."""
    app.connect("autodoc-process-docstring", _as_rst)
    app.connect("autodoc-skip-member", _without_fields)
    app.connect("autodoc-process-signature", _without_defaults)
