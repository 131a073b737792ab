"""What rows add up to is said by balance, and agrees with `balance`."""

from __future__ import annotations

from connector.core.ledger import money
from tests.support.lakes import run as sync
from tests.support.lakes import sandbox, world
from tests.support.records import change_every
from tests.support.statements import asked_balance


def said(lines, name="net"):
    """The values of a fact, its further lines included."""
    found, inside = [], False
    for line in lines:
        head, value = line.strip().partition("  ")[::2] if line.strip() else ("", "")
        if inside and line.startswith(" " * 12):
            found.append(line.strip())
            continue
        inside = head == name
        if inside:
            found.append(value.strip())
    return found


def test_status_and_sync_say_it_by_balance_as_the_balance_has_it(run, tmp_path):
    for form in ("parquet", "jsonl.zst"):
        lake = tmp_path / form
        with sandbox(world(2_000, days=40, currencies=("eur", "usd"), now=-1)) as served:
            report = sync(lake, served, settle=0, format=form)
            held: dict[str, dict[str, int]] = {}
            for (name, currency), amounts in asked_balance(served).items():
                held.setdefault(name, {})[currency] = sum(amounts)
            (account,) = report.accounts
            assert {kind: dict(sums) for kind, sums in account.net_by_balance.items() if sums} == held
        assert len(held) > 1
        status = run("status", lake, "--json").json["accounts"][0]
        assert status["net_by_balance"] == {kind: dict(sums) for kind, sums in account.net_by_balance.items()}
        done = run("status", lake)
        lines = said(done.out.splitlines())
        expected = [
            f"{kind}: {', '.join(money.to_text(amount, code) for code, amount in sorted(sums.items()))}"
            for kind, sums in account.net_by_balance.items()
        ]
        assert lines == expected


def test_files_of_before_balances_were_told_apart_are_said_to_be_all_together(run, tmp_path):
    with sandbox(world(600, days=10)) as served:
        sync(tmp_path, served)
    change_every(
        tmp_path, "balance_transactions", lambda one: [file.pop("apart") for file in one.get("files", [])] and one
    )
    assert run("status", tmp_path, "--json").json["accounts"][0]["net_by_balance"] is None
    assert "all balances together" in run("status", tmp_path).out
