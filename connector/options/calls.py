"""For each call the options that it takes, put together from what several calls share.

Command line, signatures and documentation follow from here: a new option is an entry in one of the groups beside this
module, and where it takes effect. Types are written as text, so that `--help` imports none of them.
"""

from connector.options.connection import Awaited, Connection, Expanded, RatePerAccount
from connector.options.lake import Destination, Form, Privacy, Salted, SaltFile, Shape
from connector.options.run import Failing, Planned, Refreshing, Stopping, Watched, Whole, Windows
from connector.options.selection import Account, Accounts, AllAccounts, LakeAccounts, Within
from connector.options.statement import Calendar, Figures, Freezing, Page
from connector.options.storage import NewStorage, Storage
from connector.options.verification import Checks


class Rows(Within, Accounts, AllAccounts, Refreshing, Shape, Privacy, Storage, total=False):
    """What `sync` and `plan` share."""


class Sync(Rows, Whole, Failing, Destination, Planned, Stopping, Watched, total=False):
    """What `sync` and `run_sync` share."""


class SyncOptions(Sync, Salted, total=False):
    """Options of `connector.sync`."""


class RunSyncOptions(Sync, SaltFile, Connection, RatePerAccount, total=False):
    """Options of `connector.run_sync`: plain values, as JSON has them, but for `canceller`."""


class SparkSyncOptions(Rows, Failing, Destination, SaltFile, Connection, RatePerAccount, total=False):
    """Options of `connector.spark.sync`."""


class PlanOptions(Rows, Windows, Salted, Stopping, total=False):
    """Options of `connector.plan`."""


class RunPlanOptions(Rows, Windows, Stopping, SaltFile, Connection, total=False):
    """Options of `connector.run_plan`."""


class PayoutsOptions(Within, Accounts, Refreshing, Failing, Destination, Storage, Stopping, Watched, total=False):
    """Options of `connector.sync_payouts`."""


class RunPayoutsOptions(PayoutsOptions, Connection, total=False):
    """Options of `connector.run_sync_payouts`."""


class BalanceOptions(Accounts, Failing, Destination, Storage, Stopping, Watched, total=False):
    """Options of `connector.record_balance`."""


class RunBalanceOptions(BalanceOptions, Connection, total=False):
    """Options of `connector.run_record_balance`."""


class VerifyOptions(Checks, Within, Storage, Stopping, Watched, total=False):
    """Options of `connector.verify`."""


class RunVerifyOptions(VerifyOptions, Connection, total=False):
    """Options of `connector.run_verify`."""


class ConvertOptions(Form, Storage, NewStorage, Stopping, total=False):
    """Options of `connector.convert` and `run_convert`."""


class StatementOptions(Calendar, LakeAccounts, Figures, Freezing, Storage, total=False):
    """Options of `connector.statement` and `run_statement`."""


class ReportOptions(LakeAccounts, Page, Storage, total=False):
    """Options of `connector.report` and `run_report`."""


class StatusOptions(Storage, total=False):
    """Options of `connector.run_status`."""


class AskOptions(Account, Connection, total=False):
    """Options of `connector.run_balance`."""


class GetOptions(Expanded, Account, Connection, total=False):
    """Options of `connector.run_get`."""


class FeesOptions(Awaited, Account, Connection, total=False):
    """Options of `connector.run_fees`."""
