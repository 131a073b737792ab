"""What pages of ours begin with: no script, no request, one style."""

from __future__ import annotations

from connector.reporting.lake_report.style import STYLE

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)
"""By which a browser asks for nothing and runs nothing, whatever the page says."""


def beginning(title: str, generator: str, drawn: str = "") -> str:
    """Return the beginning of a page, up to where its header stands.

    Args:
        title: escaped.
        generator: which command makes such pages, by which they are known.
        drawn: patterns that drawings of the page refer to.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta name="generator" content="stripe-balance {generator}">\n<meta name="referrer" content="no-referrer">\n'
        f"{POLICY}\n"
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n'
        f'{drawn}\n<div class="page">\n'
    )
