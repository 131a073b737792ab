"""Every command as help shows it: a summary, options and examples. What a command does is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.cli.options import command_options
from connector.sandbox import options as sandbox_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Command:
    """A command as help shows it.

    Attributes:
        summary: what it does, in one line.
        add_arguments: adds its options to a parser.
        epilog: examples and what else is worth knowing, for the end of its help.
    """

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    epilog: str


COMMANDS = {
    "demo": Command(
        "see it work: a Stripe of its own, a sync, and what to do next; needs no account",
        command_options.demo,
        "Takes some twenty seconds, asks nothing of anybody but this machine, and can be run again. With --serve its\n"
        "Stripe stays until Ctrl-C, and everything works on the demo's lake that works on one of your own.\n",
    ),
    "init": Command(
        "write a settings file for this folder, and check the key, what it may read, and the place",
        command_options.init,
        """\
examples:
  stripe-balance init                            asks for what is needed
  stripe-balance init lake --since 2026-01-01 --key file:/etc/stripe/key
  stripe-balance init --check                    for CI: is all as the settings need it?

Commands run in a folder with stripe-balance.toml, or with --config FILE, take from it what they are not told. It never
holds the key, nor whom the key is sent to; one that others can write is refused. A lake that only the file names is not
made anew: then it, or a mount, is not where it was.
""",
    ),
    "sync": Command(
        "bring every balance transaction into a lake, reading only what it lacks",
        command_options.sync,
        """\
examples:
  stripe-balance sync lake                       everything; the next run reads only what is new
  stripe-balance sync lake --since 2026-01-01 --until 2026-02-01
  stripe-balance sync lake --all-accounts --format jsonl --expand source
  stripe-balance sync lake --json --rate 10      for schedulers: the run report as one JSON object

Safe to run again and to kill at any moment: the next run goes on, and the files end up byte for byte the same.
""",
    ),
    "stream": Command(
        "write balance transactions to stdout, one JSON object a line",
        command_options.stream,
        """\
examples:
  stripe-balance stream --since 2026-01-01 | jq -r '[.id, .net, .currency] | @csv'
  stripe-balance stream --type payout --limit-rows 10
  stripe-balance stream --payout po_1Abc… --expand source
  stripe-balance stream --all-accounts --since 2026-01-01      each line begins with its account
  stripe-balance stream --follow --state follow.json           what comes from now on, until it is ended

Progress is shown only when asked for, since stdout often ends up on the same terminal. With --json the rows are the
`data` of one object, whose `error` says so if they are not all there. With several accounts, order holds within each.
""",
    ),
    "get": Command(
        "write balance transactions by id to stdout",
        command_options.get,
        """\
examples:
  stripe-balance get txn_1Abc… txn_1Def…
  cut -d, -f1 ids.csv | stripe-balance get - --expand source

Rows come in the order of the ids. Ids that are not found are named on stderr, and the status is 1.
An id is looked for in the key's own account, or in those of --account and --all-accounts.
""",
    ),
    "fees": Command(
        "say what payments, payouts, refunds and disputes cost: gross, each fee, net",
        command_options.fees,
        """\
examples:
  stripe-balance fees pi_3Abc… ch_3Def…
  stripe-balance fees pi_3Abc… --wait 60         right after the payment: its fees come a little later
  stripe-balance fees po_1Abc…                   fees by kind and type of row; checks that they add up
  stripe-balance fees re_3Abc… dp_1Abc… txn_3…   what the rows say: fees given back are negative
  stripe-balance fees po_1Abc… --account acct_…  destination charges: with what the customer paid

An answer is known (status 0), not yet known (75) or not available (1), and then says why: never a zero for what is not
known. With --json the answers are the `data` of one object, amounts in minor units.
""",
    ),
    "balance": Command(
        "show the balance as it is now, and add it to a lake if one is named",
        command_options.balance,
        """\
examples:
  stripe-balance balance
  stripe-balance balance lake                    a snapshot more in lake/balances
  stripe-balance balance --all-accounts --json

Amounts have their currency's decimals; --json prints the object as received, in minor units, and for several accounts
one object of them all.
""",
    ),
    "payouts": Command(
        "bring payouts into a lake, and which balance transactions each of them paid out",
        command_options.payouts,
        """\
examples:
  stripe-balance payouts lake                    everything; the next run reads only what is new, or may have changed
  stripe-balance payouts lake --since 2026-01-01 --all-accounts
  stripe-balance payouts lake --json             for schedulers: the report as one JSON object
  stripe-balance payouts lake --find --amount 1,199.11 --arrives 2026-10-01

Fills the tables payouts and payout_transactions. Manual payouts are named: Stripe assigns no transactions to them.
""",
    ),
    "plan": Command(
        "cut what a lake lacks into windows, as JSON, for tasks of their own",
        command_options.plan,
        """\
Each window holds arguments of `connector.run_sync` (since, until: UTC seconds); no two of them share a file.
""",
    ),
    "status": Command(
        "say what a lake holds, and whether its files are as they were written",
        command_options.status,
        "Reads the lake's own records and the files' sizes: asks nothing of Stripe, and needs no key.\n",
    ),
    "verify": Command(
        "prove that a lake has every row, and has it right, or say what does not agree",
        command_options.verify,
        """\
examples:
  stripe-balance verify lake
  stripe-balance verify lake --strict --json       for schedulers: status 65 unless all is proved
  stripe-balance verify lake --offline --layer rows
  stripe-balance verify lake --sample all          asks Stripe for every row again

Four layers, each proved, residual (something does not agree) or not checkable: rows (each by itself, and the files),
windows (covered time asked again), payouts (each adds up to zero) and balance (all rows add up to the balance).
--since and --until bound which windows are asked again. Nothing in the lake changes but its
payouts, and the verdict that it keeps.
The status is 65 where something does not agree, and with --strict also where something could not be checked.
""",
    ),
    "report": Command(
        "say on one page whether everything is here, up to when, and whether it adds up",
        command_options.report,
        """\
examples:
  stripe-balance report lake                       a page here, stripe-balance-report.html, and the gist of it
  stripe-balance report lake -o report.html --open
  stripe-balance report lake --verify --strict     proves it first; status 65 unless all is here and proved
  stripe-balance report lake --json                the facts themselves: each day, payout and run

Reads the lake alone: asks nothing of Stripe, and needs no key, but with --verify. What `verify` last found is in it,
with its age. The page is one file without script, readable on a phone, in the dark and on paper.
""",
    ),
    "statement": Command(
        "state a month: opening and closing balance, activity, fees, payouts, and whether it is final",
        command_options.statement,
        """\
examples:
  stripe-balance statement lake --month 2026-10
  stripe-balance statement lake --month 2026-10 --timezone Europe/Paris
  stripe-balance statement lake --month 2026-10 --compare 2026-09
  stripe-balance statement lake --quarter 2026-Q4 --format csv > quarter.csv
  stripe-balance statement lake --month 2026-10 --format itemized > rows.csv
  stripe-balance statement lake --month 2026-10 --against balance_summary.csv

Reads the lake alone: asks nothing of Stripe, and needs no key. A month is final once the lake is complete to its end
and none of its rows is pending. --json is --format json.
""",
    ),
    "retire": Command(
        "say of an account that it is gone, so that nobody waits for it",
        command_options.retire,
        """\
examples:
  stripe-balance retire lake --account acct_1Gone… --reason "left in March"
  stripe-balance retire lake --account acct_1Gone… --undo

Its rows stay. Runs leave it out; verify checks its files only, shows when and why it was retired, and is proved without
it. Asks nothing of Stripe, and needs no key.
""",
    ),
    "maintain": Command(
        "publish what a lake's Delta or Iceberg tables lack, and remove what no reader needs any more",
        command_options.maintain,
        """\
examples:
  stripe-balance maintain lake                   publish, then tidy: now and then, such as once a week
  stripe-balance maintain lake --publish         only publish
  stripe-balance maintain lake --dry-run --json  what would be done

Does no harm beside a run. Older files and versions of the tables stay for --keep-days; a lake of files without tables
needs none of it. Asks nothing of Stripe, and needs no key.
""",
    ),
    "convert": Command(
        "make a lake of another one: other files, other partitions, another place",
        command_options.convert,
        """\
examples:
  stripe-balance convert lake lake2 --format delta            Delta tables of a lake of files; and the other way
  stripe-balance convert lake s3://bucket/lake                from a disk to a bucket
  stripe-balance convert lake quiet --partition month         a file a month; and back to days

What is not named stays as it is in DEST, which is only read. NEW is read back and compared before this ends; until then
it says that it is unfinished, and every other command refuses it. Run again, it goes on where it was cut off. Then sync
NEW in the place of DEST. Asks nothing of Stripe, and needs no key.
""",
    ),
    "schema": Command(
        "print the schema of a table, or how an engine reads it",
        command_options.schema,
        """\
examples:
  stripe-balance schema
  stripe-balance schema balance_transactions --arrow
  stripe-balance schema balance_transactions --for duckdb lake      a view of it, to be run as it is
  stripe-balance schema payouts --for athena lake --at s3://bucket/lake

With --for it fits the lake's format and partitions, whatever they are; an engine that cannot read them says so (78).
""",
    ),
    "views": Command(
        "print views for finance over a lake: amounts as money, local days, payouts, fees",
        command_options.views,
        """\
examples:
  stripe-balance views lake --for duckdb --timezone Europe/Paris > views.sql
  stripe-balance views lake --for snowflake --at s3://bucket/lake

stripe_transactions has each balance transaction once, stripe_fees fees in both places, stripe_payouts payouts. To be
run as they are; again after payouts were brought for the first time.
""",
    ),
    "completion": Command(
        "print what a shell completes commands and options with",
        command_options.completion,
        """\
examples:
  eval "$(stripe-balance completion bash)"       in ~/.bashrc
  stripe-balance completion bash > ~/.local/share/bash-completion/completions/stripe-balance
  stripe-balance completion zsh > ~/.zfunc/_stripe-balance
  stripe-balance completion fish > ~/.config/fish/completions/stripe-balance.fish

For zsh, the folder has to be in fpath before compinit. To be made again after an update.
""",
    ),
    "manual": Command(
        "print the page for man",
        command_options.manual,
        """\
examples:
  stripe-balance manual | man -l -
  stripe-balance manual > ~/.local/share/man/man1/stripe-balance.1
""",
    ),
    "sandbox": Command(
        "serve a loopback Stripe, to try things on",
        sandbox_options.add_arguments,
        """\
examples:
  stripe-balance sandbox --port 12111 --transactions 200000 --latency 0.3
  stripe-balance sandbox --shape burst --fault 502:every=50
  stripe-balance sandbox --env > sandbox.env &      once it is written: . ./sandbox.env

Its first line says where it listens, and under which key: point STRIPE_API_BASE and STRIPE_API_KEY there, or with --env
have it print that as exports.
""",
    ),
}
"""All commands, in the order of help; each is carried out by the module of its name in `connector.cli.commands`."""
