"""Leaves out what needs a package that is not installed; `make integrations` sets up all of them."""

from tests.support.extras import lacking

collect_ignore = lacking(
    {
        "test_delta.py": "deltalake",
        "test_iceberg.py": "pyiceberg",
        "test_iceberg_catalog.py": "pyiceberg",
        "test_iceberg_commit.py": "pyiceberg",
        "test_iceberg_damaged.py": "pyiceberg",
        "test_iceberg_files.py": "pyiceberg",
    }
)
