"""What is on the site, and in which order: the parts of its table of contents, each with its pages."""

from __future__ import annotations

CONTENTS: dict[str, tuple[str, ...]] = {
    "Five minutes": (
        "docs/getting-started.md",
        "docs/concepts.md",
        "docs/settings-file.md",
        "docs/sandbox.md",
    ),
    "For finance": (
        "docs/finance.md",
        "docs/fees.md",
        "docs/payouts.md",
        "docs/balance.md",
        "docs/statement.md",
        "docs/report.md",
        "docs/views.md",
        "docs/local-days.md",
        "docs/one-transaction.md",
    ),
    "For data teams": (
        "docs/verify.md",
        "docs/readers.md",
        "docs/files-on-disk.md",
        "docs/buckets.md",
        "docs/tables.md",
        "docs/convert.md",
        "docs/connect.md",
        "docs/stream.md",
        "docs/webhooks.md",
        "docs/expanded-rows.md",
        "docs/personal-data.md",
    ),
    "In service": (
        "docs/operating.md",
        "docs/schedules.md",
        "docs/airflow.md",
        "docs/spark.md",
    ),
    "Columns": (
        "docs/columns/balance_transactions.md",
        "docs/columns/balances.md",
        "docs/columns/payouts.md",
        "docs/columns/payout_transactions.md",
        "docs/columns/source_columns.md",
    ),
    "Reference": (
        "docs/command-line.md",
        "docs/library.md",
        "reference/index.rst",
        "docs/errors.md",
        "docs/requests.md",
        "docs/benchmarks.md",
    ),
    "Why to trust it": (
        "docs/limits-and-guarantees.md",
        "docs/how-it-works.md",
        "docs/integrations.md",
        "docs/comparison.md",
        "docs/architecture.md",
        "docs/decisions/README.md",
        ".github/SECURITY.md",
        ".github/CONTRIBUTING.md",
        "CHANGELOG.md",
    ),
}
"""Paths from the top of the repository; `reference/` is made when the site is."""

DECISIONS = "docs/decisions/README.md"
"""The page that every decision hangs on."""
