from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from connector import schemas
from connector.errors import ConfigError, UsageError

FOLDER = Path(__file__).parent.parent / "schemas"


OFFICIAL = {
    "account": "id object",
    "balance": "available livemode object pending",
    "balance_transaction": "amount available_on balance_type created currency fee fee_details id net object"
    " reporting_category status type",
    "charge": "amount amount_captured amount_refunded billing_details captured created currency disputed id livemode"
    " metadata object paid refunded status",
    "payment_intent": "capture_method confirmation_method created id livemode object payment_method_types status",
    "payout": "amount arrival_date automatic created currency id livemode method object reconciliation_status"
    " source_type status type",
}
"""What Stripe's OpenAPI document requires of each object: 2026-10-28.endive, and of intents 2026-08-26.dahlia, in which
neither their amount nor their currency is required."""


@pytest.mark.parametrize("name", OFFICIAL)
def test_no_object_is_asked_for_more_than_stripe_promises(name):
    assert set(schemas.load(f"api/{name}")["required"]) <= set(OFFICIAL[name].split())


def test_every_file_has_a_name():
    assert schemas.names() == tuple(
        sorted(file.relative_to(FOLDER).with_suffix("").as_posix() for file in FOLDER.rglob("*.json"))
    )


def test_a_schema_can_be_changed_without_changing_the_next_ones():
    schemas.load("tables/balances")["properties"].clear()
    assert schemas.load("tables/balances")["properties"]


@pytest.mark.parametrize("name", ["", "balances", "tables/../api/balance", "/etc/passwd", "tables/balances.json"])
def test_an_unknown_name_is_a_usage_error_that_lists_the_names(name):
    with pytest.raises(UsageError, match="tables/balances"):
        schemas.load(name)


def test_schemas_are_found_in_the_first_folder_that_has_any(tmp_path):
    (tmp_path / "wheel" / "tables").mkdir(parents=True)
    (tmp_path / "wheel" / "tables" / "b.json").write_bytes(b"{}")
    (tmp_path / "wheel" / "a.json").write_bytes(b"[]")
    (tmp_path / "wheel" / "note.txt").write_bytes(b"")
    found = schemas.texts_in([tmp_path / "missing", tmp_path / "wheel", FOLDER])
    assert found == {"a": b"[]", "tables/b": b"{}"}


def test_schemas_are_found_in_an_archive(tmp_path):
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("connector/_schemas/tables/b.json", "{}")
    assert schemas.texts_in([zipfile.Path(archive, "connector/_schemas/")]) == {"tables/b": b"{}"}


def test_an_installation_without_schemas_says_so(tmp_path):
    with pytest.raises(ConfigError, match="install"):
        schemas.texts_in([tmp_path])


def test_reading_schemas_does_not_import_pyarrow():
    code = "import sys; from connector import schemas; schemas.names(); sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, check=False).returncode == 0
