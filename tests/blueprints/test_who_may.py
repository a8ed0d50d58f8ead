"""Every view of accounts, contacts, activities and settings, tried by four people, twice each."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crmapp.domain.bulk_edits import Edit, Verb
from crmapp.services import accounts
from crmapp.services.account_sets import Chosen
from tests.support.web import htmx

ALL = ("alice", "bob", "carol")
SELLERS = ("alice", "bob")
ADMIN = ("alice",)
FOR_MANAGERS = ("account.delete", "account.edit_all", "user.manage")


@dataclass(frozen=True)
class View:
    """An address, who may use it, and what the others lack."""

    method: str
    address: str
    open_to: tuple[str, ...]
    lacks: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


VIEWS = [
    View("GET", "/accounts", ALL),
    View("GET", "/accounts/fields", ALL),
    View("GET", "/accounts/filters", ALL),
    View("POST", "/accounts/filters", ALL),
    View("GET", "/accounts/columns", ALL),
    View("POST", "/accounts/columns", ALL),
    View("GET", "/accounts/views/new", ALL),
    View("POST", "/accounts/views", ALL),
    View("GET", "/accounts/views/counts", ALL),
    View("POST", "/accounts/views/default", ALL),
    View("GET", "/accounts/filter-builder", ALL),
    View("POST", "/accounts/filter-builder", ALL),
    View("GET", "/accounts/new", SELLERS, "account.create"),
    View("POST", "/accounts", SELLERS, "account.create"),
    View("GET", "/accounts/bulk-edits/new?action=owner&all=yes", SELLERS, "account.edit"),
    View("POST", "/accounts/bulk-edits/new?action=field&all=yes", SELLERS, "account.edit"),
    View("POST", "/accounts/bulk-edits?action=activate&all=yes", SELLERS, "account.edit"),
    View("POST", "/accounts/bulk-edits?action=delete&all=yes", ADMIN, "account.delete"),
    View("GET", "/accounts/bulk-edits/last", ALL),
    View("GET", "/accounts/bulk-edits/{bulk}", ADMIN),
    View("POST", "/accounts/bulk-edits/{bulk}/run", ADMIN),
    View("GET", "/accounts/{account}", ALL),
    View("GET", "/accounts/{account}/contacts", ALL),
    View("GET", "/accounts/{account}/timeline", ALL),
    View("GET", "/accounts/{account}/activities", ALL),
    View("GET", "/accounts/{account}/sales", ALL),
    View("GET", "/accounts/{account}/history", ALL),
    View("POST", "/accounts/standing", SELLERS, "account.create"),
    View("GET", "/accounts/{account}/edit", SELLERS, "account.edit"),
    View("POST", "/accounts/{account}", SELLERS, "account.edit"),
    View("GET", "/accounts/{account}/readers", ADMIN, "account.edit_all"),
    View("GET", "/accounts/{account}/deletion", ADMIN, "account.delete"),
    View("POST", "/accounts/{account}/deletion", ADMIN, "account.delete"),
    View("POST", "/accounts/{account}/restoration", ADMIN, "account.delete"),
    View("POST", "/accounts/{account}/sync", SELLERS, "account.edit"),
    View("GET", "/accounts/{account}/contacts/new", SELLERS, "contact.edit"),
    View("POST", "/accounts/{account}/contacts", SELLERS, "contact.edit"),
    View("GET", "/contacts", ALL),
    View("GET", "/contacts/{contact}/edit", SELLERS, "contact.edit"),
    View("POST", "/contacts/{contact}", SELLERS, "contact.edit"),
    View("POST", "/contacts/{contact}/primary", SELLERS, "contact.edit"),
    View("GET", "/accounts/{account}/activities/new?kind=task", SELLERS, "activity.edit"),
    View("POST", "/accounts/{account}/activities", SELLERS, "activity.edit"),
    View("GET", "/activities/{activity}/edit", SELLERS, "activity.edit"),
    View("POST", "/activities/{activity}", SELLERS, "activity.edit"),
    View("GET", "/day", SELLERS, "activity.edit"),
    View("GET", "/day/accounts?account=a", SELLERS, "activity.edit"),
    View("POST", "/day/activities/{activity}/completion", SELLERS, "activity.edit"),
    View("POST", "/day/activities/{activity}/reopening", SELLERS, "activity.edit"),
    View("POST", "/day/activities/{activity}/tomorrow", SELLERS, "activity.edit"),
    View("GET", "/day/team", ADMIN, "account.edit_all"),
    View("GET", "/preferences/day", ALL),
    View("POST", "/preferences/calendar", ALL),
    View("GET", "/preferences/tokens", ALL),
    View("GET", "/help/api", ALL),
    View("POST", "/preferences/calendar/revocation", ALL),
    View("GET", "/admin", ADMIN, "settings.manage"),
    View("GET", "/admin/users", ADMIN, "user.manage"),
    View("GET", "/admin/users/new", ADMIN, "user.manage"),
    View("POST", "/admin/users", ADMIN, "user.manage"),
    View("GET", "/admin/users/{person}/edit", ADMIN, "user.manage"),
    View("POST", "/admin/users/{person}", ADMIN, "user.manage"),
    View("GET", "/admin/users/{person}/reach", ADMIN, "user.manage"),
    View("POST", "/admin/users/{person}/reach", ADMIN, "user.manage"),
    View("POST", "/admin/users/{person}/view", ADMIN, "user.manage"),
    View("POST", "/admin/users/view/end", ALL),
    View("GET", "/admin/handovers/{handover}", ADMIN, "user.manage"),
    View("POST", "/admin/handovers/{handover}/run", ADMIN, "user.manage"),
    View("POST", "/admin/users/{person}/sessions/end", ADMIN, "user.manage"),
    View("GET", "/admin/users/{person}/sessions", ADMIN, "user.manage"),
    View("POST", "/admin/users/{person}/sessions/1/end", ADMIN, "user.manage"),
    View("GET", "/admin/erasures?q=bob", ADMIN, "user.manage"),
    View("GET", "/admin/erasures/contact/{contact}", ADMIN, "user.manage"),
    View("GET", "/admin/erasures/contact/{contact}/data", ADMIN, "user.manage"),
    View("POST", "/admin/erasures/user/{person}", ADMIN, "user.manage"),
    View("POST", "/preferences/sessions/end", ALL),
    View("GET", "/preferences/sessions", ALL),
    View("POST", "/preferences/sessions/999999/end", ALL),
    View("GET", "/admin/users/second-step", ADMIN, "user.manage"),
    View("POST", "/admin/users/second-step", ADMIN, "user.manage"),
    View("POST", "/admin/users/{person}/second-step/reset", ADMIN, "user.manage"),
    View("GET", "/admin/webhooks", ADMIN, "settings.manage"),
    View("GET", "/admin/webhooks/new", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks", ADMIN, "settings.manage"),
    View("GET", "/admin/webhooks/{webhook}", ADMIN, "settings.manage"),
    View("GET", "/admin/webhooks/{webhook}/edit", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}/on", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}/off", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}/secret", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}/ping", ADMIN, "settings.manage"),
    View("GET", "/admin/webhooks/{webhook}/deletion", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}/deletion", ADMIN, "settings.manage"),
    View("GET", "/admin/webhooks/{webhook}/messages/{message}", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}/messages/{message}/again", ADMIN, "settings.manage"),
    View("POST", "/admin/webhooks/{webhook}/replay", ADMIN, "settings.manage"),
    View("GET", "/admin/users/identity-provider", ADMIN, "user.manage"),
    View("POST", "/admin/users/identity-provider", ADMIN, "user.manage"),
    View("POST", "/admin/users/identity-provider/test", ADMIN, "user.manage"),
    View("POST", "/admin/users/{person}/identity-provider/unlink", ADMIN, "user.manage"),
    View("GET", "/admin/pick-lists", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/new", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/terms", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/terms/edit", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists/terms", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/terms/history", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/own/deletion", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists/own/deletion", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/terms/values/new", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists/terms/values", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/terms/values/{value}/edit", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists/terms/values/{value}", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists/terms/values/{value}/position", ADMIN, "settings.manage"),
    View("GET", "/admin/pick-lists/terms/values/{value}/deletion", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists/terms/values/{value}/deletion", ADMIN, "settings.manage"),
    View("POST", "/admin/pick-lists/terms/values/{value}/replacement", ADMIN, "settings.manage"),
    View("GET", "/admin/replacements/{replacement}", ADMIN, "settings.manage"),
    View("POST", "/admin/replacements/{replacement}/run", ADMIN, "settings.manage"),
    View("GET", "/admin/fields", ADMIN, "settings.manage"),
    View("GET", "/admin/fields/new", ADMIN, "settings.manage"),
    View("POST", "/admin/fields", ADMIN, "settings.manage"),
    View("GET", "/admin/fields/{field}/edit", ADMIN, "settings.manage"),
    View("POST", "/admin/fields/{field}", ADMIN, "settings.manage"),
    View("POST", "/admin/fields/{field}/position", ADMIN, "settings.manage"),
    View("GET", "/admin/fields/{field}/retirement", ADMIN, "settings.manage"),
    View("POST", "/admin/fields/{field}/retirement", ADMIN, "settings.manage"),
    View("POST", "/admin/fields/{field}/return", ADMIN, "settings.manage"),
    View("GET", "/admin/fields/required", ADMIN, "settings.manage"),
    View("POST", "/admin/fields/required", ADMIN, "settings.manage"),
    View("GET", "/admin/layouts", ADMIN, "settings.manage"),
    View("GET", "/admin/layouts/rep", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/rep", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/rep/shelf", ADMIN, "settings.manage"),
    View("GET", "/admin/layouts/rep/sections/new", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/rep/sections", ADMIN, "settings.manage"),
    View("GET", "/admin/layouts/rep/sections/s1/edit", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/rep/sections/s1", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/rep/sections/s1/removal", ADMIN, "settings.manage"),
    View("GET", "/admin/layouts/rep/sections/s1/condition", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/rep/sections/s1/condition", ADMIN, "settings.manage"),
    View("GET", "/admin/layouts/rep/tabs/new", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/rep/tabs", ADMIN, "settings.manage"),
    View("GET", "/admin/layouts/fields/fax/condition", ADMIN, "settings.manage"),
    View("POST", "/admin/layouts/fields/fax/condition", ADMIN, "settings.manage"),
    View("GET", "/admin/mail", ADMIN, "settings.manage"),
    View("POST", "/admin/mail/reading", ADMIN, "settings.manage"),
    View("GET", "/admin/unfiled", ADMIN, "mail.file"),
    View("POST", "/admin/unfiled/filings", ADMIN, "mail.file"),
    View("POST", "/admin/unfiled/discards", ADMIN, "mail.file"),
    View("POST", "/admin/unfiled/returns", ADMIN, "mail.file"),
    View("GET", "/admin/datasets", ADMIN, "dataset.manage"),
    View("GET", "/admin/matching", ADMIN, "integration.manage"),
    View("GET", "/admin/matches", ADMIN, "integration.manage"),
    View("GET", "/upserts/answers", ADMIN, "grid.add_update_accounts"),
    View("GET", "/imports/new", ADMIN, "grid.add_update_accounts"),
    View("GET", "/imports/template.csv", ADMIN, "grid.add_update_accounts"),
    View("GET", "/admin/managed-lists", ADMIN, "integration.manage"),
    View("POST", "/admin/managed-lists/classes/runs", ADMIN, "integration.manage"),
    View("POST", "/admin/managed-lists/classes/schedule", ADMIN, "integration.manage"),
    View("GET", "/admin/managed-lists/classes/progress", ADMIN, "integration.manage"),
    View("GET", "/admin/sync-health", ADMIN, "integration.manage"),
    View("GET", "/admin/sync-health/count", ADMIN, "integration.manage"),
    View("GET", "/admin/sync-health/accounts?cause=held", ADMIN, "integration.manage"),
    View("POST", "/admin/sync-health/runs", ADMIN, "integration.manage"),
    View("POST", "/admin/sync-health/retries", ADMIN, "integration.manage"),
    View("GET", "/admin/health", ADMIN, "settings.manage"),
    View("GET", "/admin/audit", ADMIN, "audit.view"),
    View("GET", "/admin/audit.csv", ADMIN, "audit.view"),
]
OF_A_RECORD = [
    view
    for view in VIEWS
    if any(name in view.address for name in ("{account}", "{contact}", "{activity}"))
]
SENT = {
    "name": "Acme",
    "last_name": "Doe",
    "subject": "Prices",
    "kind": "task",
    "happens_at": "2026-06-15T12:00",
    "email": "nina@crm.example",
    "role": "rep",
    "label_en": "A label",
    "active": "y",
    "version": "1",
    "to": "heir",
    "do": "always",
    "sees": "role",
    "edits": "role",
    "url": "https://8.8.8.8/in",
    "events": "account.created",
    "since": "2026-06-15",
    "until": "2026-06-16",
}
PROVIDER = {
    "issuer": "https://login.example.com",
    "client_id": "crmapp",
    "label": "Acme",
    "email_claim": "email",
}
BULK = {
    "kind": "bulk",
    "status": "planned",
    "total": 0,
    "source": {
        "edit": Edit(Verb.DELETE).as_json(),
        "chosen": Chosen((1,)).as_json(),
        "count": 0,
        "reach": None,
        "above": [],
    },
}
"""A plan of an edit of many accounts that has not been run."""
HEADERS = {"plain": {}, "htmx": htmx("div#drawer-body")}


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


@pytest.fixture
def ids(make):
    account, message = make.account("Acme"), make.message()
    return {
        "account": account.id,
        "contact": make.contact(account).id,
        "activity": make.activity(account, kind="task").id,
        "person": make.bob.id,
        "value": make.value("terms").id,
        "field": make.field("Zone").id,
        "heir": make.value("terms", "heir").id,
        "list": make.pick_list("own").id,
        "replacement": make.run(kind="replacement", status="planning").id,
        "handover": make.run(
            kind="handover", status="planning", source={"from": make.bob.id, "to": None}
        ).id,
        "webhook": message.webhook_id,
        "message": message.id,
        "bulk": make.run(**BULK, by_id=make.alice.id).id,
    }


def ask(client, view, ids, headers):
    kind = {"kind": "text"} if "/fields" in view.address else {}
    letter = {"id": "9", "account": "Acme"} if "/unfiled" in view.address else {}
    provider = PROVIDER if "/identity-provider" in view.address else {}
    data = {**SENT, **kind, **letter, **provider} if view.method == "POST" else None
    address = view.address.format(**ids)
    return client.open(address, method=view.method, data=data, headers=headers)


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_those_with_the_right_get_in_and_the_others_learn_what_they_lack(
    make, as_user, ids, view, headers
):
    for name in ALL[::-1]:
        answer = ask(as_user(getattr(make, name)), view, ids, headers)

        if name in view.open_to:
            assert answer.status_code in (200, 303, 409), name  # 409: after the one before her
        else:
            assert answer.status_code in (403, 404), name
        if answer.status_code == 403:
            assert view.lacks in answer.text


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_nobody_gets_in_without_signing_in(client, ids, view, headers):
    answer = ask(client, view, ids, headers)

    kept = view.method == "POST" and answer.status_code == 401  # what she typed waits for her
    sent_to = answer.headers.get("Location") or answer.headers.get("HX-Redirect", "")
    assert answer.status_code == 401 if headers else answer.status_code == 302 or kept
    assert 'href="/login' in answer.text if kept else sent_to.split("?")[0] == "/login"


@pytest.mark.parametrize("view", OF_A_RECORD, ids=str)
def test_the_records_of_another_rep_are_not_there(make, as_user, view, headers):
    account = make.account("Secret", owner_id=make.mallory.id)
    ids = {
        "account": account.id,
        "contact": make.contact(account, "Secret").id,
        "activity": make.activity(account, "Secret", kind="task").id,
    }

    answer = ask(as_user(make.bob), view, ids, headers)

    assert answer.status_code in ((403, 404) if view.lacks in FOR_MANAGERS else (404,))
    assert "Secret" not in answer.text


@pytest.mark.parametrize("view", OF_A_RECORD, ids=str)
@pytest.mark.parametrize("number", ["0", "99999999999999999999"])
def test_a_number_that_nothing_has_is_not_found(make, as_user, view, number):
    ids = {"account": number, "contact": number, "activity": number}

    assert ask(as_user(make.alice), view, ids, {}).status_code in (404, 405)


@pytest.mark.parametrize("view", [v for v in VIEWS if v.method == "POST"], ids=str)
def test_a_forged_form_changes_nothing(app, make, as_user, ids, view, headers):
    app.config["WTF_CSRF_ENABLED"] = True
    client = as_user(make.alice)

    answer = ask(client, view, ids, {**headers, "X-CSRFToken": "forged"})

    assert answer.status_code in (400, 422)
    assert accounts.get(ids["account"], by=make.alice).version == 1
