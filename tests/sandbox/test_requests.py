"""What queries, keys and headers do, over raw HTTP, against the wording of the live API."""

from __future__ import annotations

import base64
import itertools
from collections import Counter

import pytest

from connector.sandbox.core.ledger import TIES

LIST = "/v1/balance_transactions"


def walk(get, sandbox, query="", **headers):
    """Ids by following starting_after, and the number of pages."""
    ids, after = [], ""
    for pages in itertools.count(1):
        reply = get(sandbox, f"{LIST}?limit=100{query}{after}", **headers)
        assert reply.status == 200, reply.body
        ids += reply.ids
        if not reply.json["has_more"]:
            return ids, pages
        after = f"&starting_after={reply.ids[-1]}"
    return None


def test_a_list_is_newest_first_ten_rows_pretty_and_complete(quiet, get):
    reply = get(quiet, LIST)
    truth = list(itertools.islice(quiet.world.rows(), 10))
    assert reply.json == {"object": "list", "data": truth, "has_more": True, "url": LIST}
    assert reply.body.startswith(b'{\n  "object": "list",\n  "data": [\n    {\n      "id": "txn_')
    assert reply.body.endswith(b"\n}\n")
    assert reply.headers["Content-Length"] == str(len(reply.body))
    assert reply.headers["Request-Id"].startswith("req_")
    assert reply.headers["Stripe-Version"] == "2026-10-28.endive"


def test_the_old_address_of_the_list_still_works(quiet, get):
    assert get(quiet, "/v1/balance/history").body == get(quiet, LIST).body
    row = get(quiet, LIST).json["data"][0]
    assert get(quiet, f"/v1/balance/history/{row['id']}").json == row == get(quiet, f"{LIST}/{row['id']}").json


def test_walking_by_cursor_gives_every_row_once_in_order(quiet, get):
    ids, pages = walk(get, quiet)
    assert ids == [row["id"] for row in quiet.world.rows()]
    assert pages == 30


@pytest.mark.parametrize("ties", TIES)
def test_a_second_with_more_rows_than_pages_is_walked_whole_in_any_tie_order(open_sandbox, get, ties):
    sandbox = open_sandbox(transactions=800, shape="second", hot=500, ties=ties)
    rows = list(sandbox.world.rows())
    second = Counter(row["created"] for row in rows).most_common(1)[0][0]
    assert walk(get, sandbox)[0] == [row["id"] for row in rows]
    assert walk(get, sandbox, f"&created={second}") == ([r["id"] for r in rows if r["created"] == second], 5)


def test_ending_before_goes_to_newer_rows_and_says_whether_there_are_more(quiet, get):
    ids = [row["id"] for row in quiet.world.rows()]
    reply = get(quiet, f"{LIST}?limit=5&ending_before={ids[20]}")
    assert (reply.ids, reply.json["has_more"]) == (ids[15:20], True)
    reply = get(quiet, f"{LIST}?limit=5&ending_before={ids[5]}")
    assert (reply.ids, reply.json["has_more"]) == (ids[0:5], False)
    assert get(quiet, f"{LIST}?limit=5&starting_after={ids[-6]}").json["has_more"] is False


@pytest.mark.parametrize(
    ("bounds", "keep"),
    [
        ("created[gte]={t}", lambda c, t: c >= t),
        ("created[gt]={t}", lambda c, t: c > t),
        ("created[lt]={t}", lambda c, t: c < t),
        ("created[lte]={t}", lambda c, t: c <= t),
        ("created={t}", lambda c, t: c == t),
        ("created[gte]={t}&created[lt]={u}", lambda c, t: t <= c < t + 86_400),
        ("created%5Bgt%5D={t}&created%5Blte%5D={u}", lambda c, t: t < c <= t + 86_400),
        ("created[gte]={u}&created[lt]={t}", lambda _c, _t: False),
    ],
)
def test_created_bounds_combine(quiet, get, bounds, keep):
    rows = list(quiet.world.rows())
    moment = rows[1_500]["created"]
    ids, _ = walk(get, quiet, "&" + bounds.format(t=moment, u=moment + 86_400))
    assert ids == [row["id"] for row in rows if keep(row["created"], moment)]


@pytest.mark.parametrize("query", ["type=charge", "type=payout", "currency=jpy", "type=refund&currency=eur"])
def test_filters_leave_what_matches(quiet, get, query):
    wanted = dict(pair.split("=") for pair in query.split("&"))
    ids, _ = walk(get, quiet, "&" + query)
    assert ids
    assert ids == [row["id"] for row in quiet.world.rows() if all(row[k] == v for k, v in wanted.items())]


@pytest.mark.parametrize("query", ["type=nope", "currency=xxx", "source=ch_nope", "created[gt]=4000000000"])
def test_what_nothing_matches_is_an_empty_page(quiet, get, query):
    reply = get(quiet, f"{LIST}?{query}")
    assert (reply.status, reply.json["data"], reply.json["has_more"]) == (200, [], False)


@pytest.mark.parametrize(("limit", "rows"), [("0", 1), ("-1", 1), ("1", 1), ("101", 100), ("200", 100)])
def test_a_limit_out_of_range_is_clamped(quiet, get, limit, rows):
    assert len(get(quiet, f"{LIST}?limit={limit}").ids) == rows


def test_a_limit_out_of_range_can_be_refused_instead(open_sandbox, get):
    strict = open_sandbox(clamp=False)
    assert [get(strict, f"{LIST}?limit={limit}").status for limit in (0, 1, 100, 101)] == [400, 200, 200, 400]


def test_a_payout_lists_its_rows_and_its_own_which_sum_to_zero(quiet, get):
    payouts = get(quiet, "/v1/payouts?limit=100").json["data"]
    done = [p for p in payouts if p["automatic"] and p["reconciliation_status"] == "completed"][:5]
    for payout in done:
        ids, _ = walk(get, quiet, f"&payout={payout['id']}")
        rows = {row["id"]: row for row in quiet.world.rows()}
        assert sum(rows[id_]["net"] for id_ in ids) == 0
        own = rows[payout["balance_transaction"]]
        assert own["id"] in ids
        assert (own["source"], own["net"]) == (payout["id"], -payout["amount"])


def test_a_payout_still_being_reconciled_lists_only_part(quiet, get):
    payouts = get(quiet, "/v1/payouts?limit=100").json["data"]
    open_ = next(p for p in payouts if p["reconciliation_status"] == "in_progress")
    number = quiet.world.ledger().find(open_["id"], "po_")
    members = len(quiet.world.ledger().members(number))
    ids, _ = walk(get, quiet, f"&payout={open_['id']}")
    assert 0 < len(ids) < members


def test_rows_can_be_found_by_source_but_not_by_dispute(quiet, get):
    rows = {row["type"]: row for row in quiet.world.rows() if row["source"]}
    for type_ in ("charge", "refund", "payout", "transfer", "application_fee", "topup"):
        assert rows[type_]["id"] in get(quiet, f"{LIST}?source={rows[type_]['source']}").ids
    assert get(quiet, f"{LIST}?source={rows['adjustment']['source']}").ids == []


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("foo=1", 400, {"code": "parameter_unknown", "message": "Received unknown parameter: foo", "param": "foo"}),
        ("created[foo]=1", 400, {"code": "parameter_unknown", "param": "created[foo]"}),
        ("created=x", 400, {"code": "parameter_invalid_integer", "message": "Invalid integer: x", "param": "created"}),
        ("currency=", 400, {"code": "parameter_invalid_empty", "param": "currency"}),
        ("payout=po_nope", 400, {"message": "No such payout: 'po_nope'"}),
        (
            "starting_after=txn_nope",
            400,
            {
                "code": "resource_missing",
                "message": "No such balance transaction: 'txn_nope'",
                "param": "starting_after",
            },
        ),
        ("ending_before=txn_nope", 400, {"param": "ending_before"}),
        ("expand[]=nope", 400, {"message": "This property cannot be expanded (nope)."}),
        (
            "expand[]=source",
            400,
            {
                "message": "This property cannot be expanded (source). "
                "You may want to try expanding 'data.source' instead."
            },
        ),
        ("expand[]=data.source.nope", 400, {"message": "This property cannot be expanded (data.source.nope)."}),
        (
            "expand[]=data.source.source_transfer.source_transaction.customer",
            400,
            {
                "code": "property_expansion_max_depth",
                "message": "You cannot expand more than 4 levels of a property. "
                "Property: data.source.source_transfer.source_transaction.customer",
            },
        ),
        ("expand[1]=data", 400, {"param": "expand"}),
    ],
)
def test_a_refusal_reads_as_at_stripe(quiet, get, query, status, error):
    reply = get(quiet, f"{LIST}?{query}")
    assert reply.status == status
    assert reply.error.items() >= {"type": "invalid_request_error", **error}.items()
    assert ("doc_url" in reply.error) == ("code" in reply.error)


def test_two_cursors_are_refused_in_two_words_unless_one_is_unknown(quiet, get):
    first, second = get(quiet, f"{LIST}?limit=2").ids
    reply = get(quiet, f"{LIST}?starting_after={first}&ending_before={second}")
    assert reply.status == 400
    assert reply.error == {
        "type": "invalid_request_error",
        "message": "Received both starting_after and ending_before parameters. Please pass in only one.",
    }
    assert reply.headers["Content-Length"] == "159"
    assert get(quiet, f"{LIST}?starting_after=txn_x&ending_before={second}").error["param"] == "starting_after"


def test_the_keys_of_an_array_must_count_from_zero(quiet, get):
    message = get(quiet, f"{LIST}?expand[1]=data.source").error["message"]
    assert message.endswith("You passed the keys `1`, we expected to have a key with the value `0`.")
    assert get(quiet, f"{LIST}?expand[1]=data&expand[0]=data.source").status == 200
    assert get(quiet, f"{LIST}?expand[]=data&expand[]=data.source&limit=1").status == 200


def test_a_manual_payout_cannot_be_a_filter(quiet, get):
    row = next(row for row in quiet.world.rows() if row["description"] == "Withdrawal")
    manual = get(quiet, f"/v1/payouts/{row['source']}").json
    reply = get(quiet, f"{LIST}?payout={manual['id']}")
    assert manual["reconciliation_status"] == "not_applicable"
    assert (reply.status, reply.error["message"]) == (
        400,
        "Balance transaction history can only be filtered on automatic transfers, not manual.",
    )


@pytest.mark.parametrize(
    ("path", "message", "param"),
    [
        (f"{LIST}/txn_nope", "No such balance transaction: 'txn_nope'", "id"),
        ("/v1/payouts/po_nope", "No such payout: 'po_nope'", "payout"),
        ("/v1/charges/ch_nope", "No such charge: 'ch_nope'", "id"),
        ("/v1/payment_intents/pi_nope", "No such payment_intent: 'pi_nope'", "intent"),
    ],
)
def test_what_does_not_exist_is_a_404(quiet, get, path, message, param):
    reply = get(quiet, path)
    assert (reply.status, reply.error["code"]) == (404, "resource_missing")
    assert (reply.error["message"], reply.error["param"]) == (message, param)


def test_an_unknown_address_or_method_is_a_404(quiet, get):
    assert get(quiet, "/v1/x").error["message"].startswith("Unrecognized request URL (GET: /v1/x).")
    assert get(quiet, LIST, method="POST").status == 404


# Keys.


def test_basic_and_bearer_and_the_bare_key_are_all_accepted(quiet, get):
    basic = base64.b64encode(f"{quiet.key}:".encode()).decode()
    for given in (f"Bearer {quiet.key}", f"Basic {basic}", f"Basic {quiet.key}"):
        assert get(quiet, "/v1/balance", Authorization=given).status == 200


def test_a_missing_or_wrong_key_is_a_401(quiet, get):
    reply = get(quiet, "/v1/balance", Authorization="")
    assert reply.status == 401
    assert reply.error["message"].startswith("You did not provide an API key. You need to provide your API key in the")
    reply = get(quiet, "/v1/balance", key="sk_test_wrong1234")
    assert (reply.status, set(reply.error)) == (401, {"type", "message"})
    assert reply.error["message"] == "Invalid API Key provided: sk_test_*****1234"
    assert get(quiet, "/v1/balance", key="pk_test_x").error["code"] == "secret_key_required"


def test_a_restricted_key_may_do_what_it_has_the_scope_for(open_sandbox, get):
    sandbox = open_sandbox(missing_scopes=["rak_payout_read"])
    assert get(sandbox, LIST, key=sandbox.restricted_key).status == 200
    reply = get(sandbox, "/v1/payouts/po_nope", key=sandbox.restricted_key)
    assert (reply.status, reply.error["code"]) == (403, "more_permissions_required")
    assert f"on account '{sandbox.account}'. Having the 'rak_payout_read' permission" in reply.error["message"]
    assert get(sandbox, "/v1/payouts", key=sandbox.key).status == 200


def test_a_permission_is_refused_in_the_words_of_2026_where_it_is_named_as_they_name_it(open_sandbox, get):
    sandbox = open_sandbox(missing_scopes=["payout_read"])
    reply = get(sandbox, "/v1/payouts", key=sandbox.restricted_key)
    assert (reply.status, reply.error["code"]) == (403, "more_permissions_required")
    message = reply.error["message"]
    assert message.startswith(f"Permission denied. The provided key 'rk_test_...{sandbox.restricted_key[-4:]}' does")
    assert (
        f"on account '{sandbox.account}'. Enabling \"Payouts Read\" ('payout_read') permissions on this key" in message
    )
    assert (
        f" You can edit permissions at https://dashboard.stripe.com/b/{sandbox.account}?destination=%2Fapikeys"
        in message
    )


def test_a_refusal_may_be_about_an_address_or_an_application(open_sandbox, get):
    sandbox = open_sandbox()
    for why, words in (("address", "from your IP address"), ("application", "This application does not have")):
        sandbox.faults.clear()
        sandbox.faults.add(f"403:why={why},times=1")
        reply = get(sandbox, LIST)
        assert (reply.status, words in reply.error["message"]) == (403, True)
    with pytest.raises(ValueError, match="why must be one of"):
        sandbox.faults.add("403:why=mood")


def test_the_key_of_an_organisation_wants_a_context_and_a_version(open_sandbox, get):
    sandbox = open_sandbox(members=(0, 1))
    key, (own, member, connected) = sandbox.organisation_key, sandbox.world.accounts[:3]
    assert key.startswith("sk_org_test_")
    version = {"Stripe_Version": "2026-10-28.endive"}
    assert get(sandbox, "/v1/account", key=key, **version).status == 400
    assert get(sandbox, "/v1/account", key=key, Stripe_Context=own).status == 400
    for path, account in ((own, own), (member, member), (f"{own}/{connected}", connected)):
        assert get(sandbox, "/v1/account", key=key, Stripe_Context=path, **version).json["id"] == account
    for path in (connected, f"{member}/{connected}", "acct_nope", f"{own}/{member}/{connected}"):
        reply = get(sandbox, "/v1/account", key=key, Stripe_Context=path, **version)
        assert (reply.status, reply.error["code"]) == (403, "account_invalid")


def test_an_answer_repeats_the_account_that_was_asked_for(quiet, get):
    connected = quiet.world.accounts[1]
    assert get(quiet, LIST, Stripe_Account=connected).headers["Stripe-Account"] == connected
    assert "Stripe-Account" not in get(quiet, LIST).headers


def test_a_gateway_may_drop_the_account_and_an_account_take_its_access_back(open_sandbox, get):
    sandbox = open_sandbox()
    own, connected, other = sandbox.world.accounts[:3]
    sandbox.faults.add("drops-account")
    reply = get(sandbox, "/v1/account", Stripe_Account=connected)
    assert (reply.json["id"], "Stripe-Account" in reply.headers) == (own, False)
    sandbox.faults.clear()
    sandbox.faults.add(f"revoked:account={connected}")
    assert get(sandbox, LIST, Stripe_Account=connected).error["code"] == "account_invalid"
    assert get(sandbox, LIST, Stripe_Account=other).status == 200
    assert connected not in {one["id"] for one in get(sandbox, "/v1/accounts").json["data"]}


def test_a_live_key_shows_in_livemode(open_sandbox, get):
    sandbox = open_sandbox(live=True)
    assert sandbox.key.startswith("sk_live_")
    assert get(sandbox, "/v1/balance").json["livemode"] is True


# Versions.


def test_the_version_asked_for_is_echoed_and_shapes_the_rows(quiet, get):
    reply = get(quiet, LIST, Stripe_Version="2024-04-10")
    assert reply.headers["Stripe-Version"] == "2024-04-10"
    assert all("balance_type" not in row for row in reply.json["data"])
    assert all("balance_type" in row for row in get(quiet, LIST, Stripe_Version="2025-05-28.basil").json["data"])
    assert get(quiet, LIST, Stripe_Version="soon").status == 400


def test_payment_intents_list_their_charges_only_in_old_versions(quiet, get):
    row = next(row for row in quiet.world.rows() if row["type"] == "charge")
    intent = get(quiet, f"/v1/charges/{row['source']}").json["payment_intent"]
    new, old = (f"/v1/payment_intents/{intent}?expand[]={path}" for path in (
        "latest_charge.balance_transaction", "charges.data.balance_transaction"
    ))  # fmt: skip
    assert get(quiet, new).json["latest_charge"]["balance_transaction"] == row
    assert get(quiet, old).status == 400
    listed = get(quiet, old, Stripe_Version="2022-08-01").json["charges"]["data"][0]
    assert listed["balance_transaction"] == {k: v for k, v in row.items() if k != "balance_type"}
    assert get(quiet, old, Stripe_Version="2022-11-15").status == 400


# Accounts.


def test_connected_accounts_are_listed_newest_first_with_cursors(open_sandbox, get):
    sandbox = open_sandbox(connected=25)
    first = get(sandbox, "/v1/accounts?limit=20")
    rest = get(sandbox, f"/v1/accounts?limit=20&starting_after={first.ids[-1]}")
    assert first.ids + rest.ids == list(sandbox.world.accounts[:0:-1])
    assert (first.json["has_more"], rest.json["has_more"]) == (True, False)
    back = get(sandbox, f"/v1/accounts?limit=3&ending_before={rest.ids[0]}")
    assert (back.ids, back.json["has_more"]) == (first.ids[-3:], True)
    assert get(sandbox, "/v1/account").json["id"] == sandbox.account


def test_ids_of_one_account_do_not_exist_in_another(quiet, get):
    connected = quiet.world.accounts[1]
    row = next(quiet.world.rows(connected))
    assert get(quiet, f"{LIST}/{row['id']}").status == 404
    for header in ({"Stripe_Account": connected}, {"Stripe_Context": f"{quiet.account}/{connected}"}):
        assert get(quiet, f"{LIST}/{row['id']}", **header).json == row
    ids, _ = walk(get, quiet, Stripe_Account=connected)
    assert ids == [row["id"] for row in quiet.world.rows(connected)]


def test_an_account_that_is_not_connected_is_a_403(quiet, get):
    reply = get(quiet, "/v1/balance", Stripe_Account="acct_nope")
    assert (reply.status, reply.error["code"]) == (403, "account_invalid")
    assert "does not have access to account 'acct_nope'" in reply.error["message"]


def test_the_account_may_keep_its_age_to_itself(open_sandbox, get):
    sandbox = open_sandbox(account_created=None)
    assert "created" not in get(sandbox, "/v1/account").json


def test_a_body_is_compressed_only_where_asked_and_allowed(open_sandbox, quiet, get):
    assert "Content-Encoding" not in get(quiet, LIST, Accept_Encoding="gzip").headers
    squeezing = open_sandbox(compress=True)
    reply = get(squeezing, LIST, Accept_Encoding="gzip")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert reply.body[:2] == b"\x1f\x8b"
