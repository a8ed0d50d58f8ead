"""Every address of the application, asked for what no page of ours would ask: never a 500."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from crmapp import BLUEPRINTS
from crmapp.domain.records import ACCOUNT_FIELDS, ACTIVITY_FIELDS, CONTACT_FIELDS
from crmapp.web.extensions import limiter
from tests.support.files import send
from tests.support.hostile import HOSTILE, TAG
from tests.support.sales import draft
from tests.support.snapshots import lay_out_sales
from tests.support.upserts import plan
from tests.support.web import htmx

ANY = ("q", "page", "before")
ARGUMENTS = {
    "accounts.index": ("q", "active", "owner", "team", "where", "deleted", "sort", "from", "run",
                       "columns"),
    "preferences.tokens": ("of",),
    "accounts.columns": ("words", "columns"),
    "accounts.filter_builder": ("where", "sort"),
    "accounts.activities": ("kind", "person", "before"),
    "accounts.timeline": ("show", "person", "before", "change"),
    "activities.new": ("kind",),
    "day.index": ("person", "section", "after"),
    "day.accounts": ("account",),
    "grid.show": ("period", "measures", "properties", "q", "sort", "activity", "page", "size",
                  "sel", "focus.customers"),
    "settings.audit": ("person", "kind", "since", "until", "object", "record", "before"),
    "settings.audit_file": ("person", "kind", "since", "object", "record"),
    "settings.webhook": ("state", "before"),
    "settings.unfiled": ("page", "show", "q", "reason"),
    "runs.index": ("status", "before", "since", "until", "like"),
    "imports.new": ("like", "object"),
    "runs.show": ("after", "show", "page", "reason", "about", "looked"),
    "provider.begin": ("next",),
    "provider.back": ("state", "code", "error", "iss"),
    "security.login": ("next",),
    "upserts.mapping": ("field",),
    "upserts.plan": ("show", "page", "reason", "about", "looked"),
}  # fmt: skip
"""What the views of these endpoints read; the others are asked for :data:`ANY`."""
FIELDS: dict[str, Iterable[str]] = {
    "accounts": [*ACCOUNT_FIELDS, "version", "idempotency_key", "do", "every-0", "field-0-0",
                 "operator-0-0", "value-0-0", "field", "shown", "found", "words", "show",
                 "up", "remove"],
    "activities": [*ACTIVITY_FIELDS, "version", "idempotency_key"],
    "api": ("name",),
    "contacts": [*CONTACT_FIELDS, "version", "idempotency_key"],
    "databases": ("file", "mode", "connection", "query", "title", "encoding", "delimiter",
                  "sheet", "skip", "header", "kind", "every", "daily", "label_en", "currency",
                  "period", "accounts", "role.qty", "do",
                  "idempotency_key"),
    "day": ("kind", "subject", "account", "happens_at", "owner", "version", "idempotency_key"),
    "grid": ("act", "key", "count", "into", "kind", "name", "shared", "version"),
    "imports": ("file", "like", "encoding", "delimiter", "sheet", "skip", "header", "key_column",
                "system", "without_reasons", "do", "idempotency_key"),
    "mappings": ("name", "version"),
    "preferences": ("locale", "theme", "density", "next", "timezone", "digest_hour",
                    "name", "scopes", "days"),
    "runs": ("idempotency_key",),
    "security": ("email", "password", "new_password", "next", "setup", "code", "name",
                 "credential"),
    "settings": ("name", "email", "role", "team", "password", "active", "label_en", "kind", "code",
                 "pick_list", "position", "to", "rules", "required", "version", "id", "account",
                 "up", "dropped", "field", "ticked", "section", "do", "shown", "name_fr", "tab",
                 "operator", "values", "roles", "sees", "sees_some", "edits", "edits_some",
                 "territories", "issuer", "client_id", "secret", "label", "email_claim",
                 "new_role"),
    "upserts": ("dataset", "dimension", "sel", "plan_hash", "row-1", "row-" + "9" * 15, "match",
                "name", "empty", "confirmed", "idempotency_key"),
}  # fmt: skip
SENT = {
    "name": "Acme",
    "last_name": "Doe",
    "subject": "Prices",
    "kind": "task",
    "email": "nina@crm.example",
    "role": "rep",
    "version": "1",
    "dataset": "sales",
    "dimension": "customers",
}


@pytest.fixture
def known(settings, make, blueprint) -> dict[str, object]:
    """What may stand in an address, one of each."""
    lay_out_sales(settings)
    account = make.account("Acme", owner_id=make.bob.id)
    planned, message = plan(make).id, make.message()
    return {
        "account_id": account.id,
        "contact_id": make.contact(account).id,
        "activity_id": make.activity(account, kind="task").id,
        "user_id": make.carol.id,
        "run_id": planned if blueprint != "imports" else send(make).id,
        "dataset": "sales",
        "dimension": "customers",
        "dataset_id": draft(make.alice),
        "field_id": make.field("Zone").id,
        "name": "phone",
        "code": "terms",
        "value_id": make.value("terms").id,
        "slug": "start",
        "audience": "rep",
        "kind": "sections",
        "key": "s1",
        "hook_id": message.webhook_id,
        "delivery_id": message.id,
    }


def addresses(rule: Any, known: Mapping[str, object]) -> Iterator[str]:
    """The address of what is there, and of what is not."""
    texts: list[Mapping[str, object]] = [known]
    for name in rule.arguments:
        texts += [{**known, name: value or "0"} for value in HOSTILE]
    for values in texts:
        address = rule.rule
        for name in rule.arguments:
            kinds = ("", "int:", "path:", "any(sections, tabs):")
            for written in (f"<{kind}{name}>" for kind in kinds):
                address = address.replace(written, quote(str(values.get(name, "x"))))
        yield address


def requests(rule: Any, blueprint: str, known: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    first, *others = addresses(rule, known)
    if "POST" in rule.methods:
        fixed, sent = {"method": "POST"}, "data"
        tried = [(name, HOSTILE[place % 9 :: 9]) for place, name in enumerate(FIELDS[blueprint])]
    else:
        fixed, sent = {"method": "GET"}, "query_string"
        read = ARGUMENTS.get(rule.endpoint)
        tried = [(name, HOSTILE if read else HOSTILE[::5]) for name in read or ANY]
    usual = SENT if sent == "data" else {}
    yield from ({"path": path, sent: usual, **fixed} for path in [first, *others])
    yield from (
        {"path": first, sent: {**usual, name: value}, **fixed}
        for name, values in tried
        for value in values
    )


def is_harmless(response: Any) -> bool:
    """Whether a browser is safe with it, and gunicorn can send it: headers are Latin-1."""
    headers = response.headers
    for _, value in headers:
        value.encode("latin-1")
    return (
        response.status_code < 500
        and headers["X-Content-Type-Options"] == "nosniff"
        and "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        and "X-Evil" not in headers
        and not headers.get("Location", "/").startswith("//")
        and headers.get("Location", "/").startswith(("/", "http://localhost/"))
        and (response.mimetype != "text/html" or TAG not in response.text)
    )


@pytest.mark.parametrize("blueprint", [*BLUEPRINTS, "security", "assets"])
def test_no_request_breaks_a_page(app, make, as_user, known, blueprint):
    limiter.enabled = False
    client = as_user(make.alice)
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{blueprint}.") and rule.endpoint != "security.logout"
    ]

    for number, asked in enumerate(
        one for rule in rules for one in requests(rule, blueprint, known)
    ):
        headers = htmx("div#drawer-body") if number % 2 else {}

        assert is_harmless(client.open(**asked, headers=headers)), asked

    assert rules
