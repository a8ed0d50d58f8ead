"""The mapping page: suggestions with their reason, steps, value maps and live samples."""

from __future__ import annotations

import re

import pytest

from crmapp.db import session
from crmapp.models import Run
from tests.support import upserts as made
from tests.support.pages import flat
from tests.support.upserts import rows_of
from tests.support.web import htmx

MAPPED = {"name": "name", "number": "code", "match": "number", "empty": "leave"}
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


def mapping_of(run_id: int) -> dict:
    session.rollback()
    return session.get_one(Run, run_id).mapping


def with_terms(*words: str) -> dict:
    rows = rows_of(*(f"Name {n}" for n, _ in enumerate(words)))
    return {key: {**row, "t": word} for (key, row), word in zip(rows.items(), words, strict=True)}


def chosen(page: str, name: str) -> list[str]:
    """Return what is selected in the drop-downs called ``name``."""
    selects = re.findall(rf'<select[^>]* name="{re.escape(name)}"[^>]*>(.*?)</select>', page, re.S)
    return [(re.findall(r'<option value="([^"]*)" selected', it) or [""])[0] for it in selects]


def test_a_suggestion_says_how_sure_it_is_and_why(as_user, make):
    run_id = made.start(make, rows_of("Acme", mobile="+33 6 12 34 56 78"))

    page = flat(as_user(make.mona).get(f"/upserts/{run_id}/mapping"))

    assert "Exact The names agree." in page
    assert "Finds accounts" in page


def test_a_suggestion_to_check_is_listed_above(as_user, make):
    run_id = made.start(make, rows_of("Acme", fax="info@acme.example"))

    page = flat(as_user(make.mona).get(f"/upserts/{run_id}/mapping"))

    assert "1 suggestion needs a look Fax" in page
    assert "Check The names fit, but the values look like e-mail addresses." in page


@WAYS
def test_samples_are_shown_after_their_steps_and_nothing_is_kept(as_user, make, headers):
    run_id = made.start(make, rows_of("Acme"))
    sent = {**MAPPED, "name.step": ["upper", ""], "name.step-value": ["", ""]}

    page = as_user(make.mona).post(f"/upserts/{run_id}/samples", data=sent, headers=headers)

    assert page.status_code == 200
    assert "Acme ACME" in flat(page)
    assert chosen(page.text, "name.step") == ["upper", ""]
    assert mapping_of(run_id) == {}


def test_one_field_is_shown_alone(as_user, make):
    run_id = made.start(make, rows_of("Acme"))
    url = f"/upserts/{run_id}/samples?field=fax"

    part = as_user(make.mona).post(url, data={**MAPPED, "fax": "name"}, headers=htmx())

    assert part.text.lstrip().startswith('<div id="upserts-field-fax"')
    assert "Enter a phone number with at least three digits." in flat(part)


def test_a_field_that_is_made_up_is_not_found(as_user, make):
    url = f"/upserts/{made.start(make)}/samples?field=made_up"

    assert as_user(make.mona).post(url, data=MAPPED, headers=htmx()).status_code == 404


@WAYS
def test_samples_are_for_those_who_may_map(as_user, make, headers):
    url = f"/upserts/{made.start(make)}/samples"

    statuses = {
        who: as_user(getattr(make, who)).post(url, data=MAPPED, headers=headers).status_code
        for who in ("alice", "mona", "bob", "carol")
    }
    assert statuses == {"alice": 200, "mona": 200, "bob": 404, "carol": 404}


def test_steps_fixed_values_and_words_are_kept_with_the_mapping(as_user, make):
    run_id = made.start(make, with_terms("soon", "later", "never"))
    sent = {
        **MAPPED,
        "name.step": ["trim", "made up", "upper", ""],
        "name.step-value": ["", "", "", ""],
        "terms": "t",
        "terms.from": ["soon", "later", "never"],
        "terms.to": ["net_30", "=", ""],
        "notes": "=",
        "notes.fixed": "From the ERP",
    }

    answer = as_user(make.mona).post(f"/upserts/{run_id}/mapping", data=sent)

    kept = mapping_of(run_id)
    assert answer.status_code == 303
    assert kept["steps"] == {"name": [["trim", ""], ["upper", ""]]}
    assert kept["values"] == {"terms": {"soon": "net_30", "later": ""}}
    assert kept["fixed"] == {"notes": "From the ERP"}


def test_dates_that_are_written_otherwise_begin_with_the_step_that_reads_them(as_user, make):
    field = make.field("Since", kind="date")
    rows = rows_of("Acme", "Globex", Since="31/12/2026 14:05")
    run_id = made.start(make, rows)

    page = as_user(make.mona).get(f"/upserts/{run_id}/mapping").text

    assert chosen(page, f"{field.name}.step") == ["day_first", ""]


def test_an_amount_for_all_rows_is_typed_as_the_french_do(as_user, make):
    dora = make.user("dora", "manager", locale="fr")
    run_id, client = made.start(make, with_terms("soon"), by=dora), as_user(dora)
    sent = {**MAPPED, "credit_limit": "=", "credit_limit.fixed": "1 250,50"}

    answer = client.post(f"/upserts/{run_id}/mapping", data=sent)

    assert answer.status_code == 303
    assert mapping_of(run_id)["fixed"] == {"credit_limit": "1250.50"}
    made.plan_now(run_id)
    again = client.get(f"/upserts/{run_id}/mapping").text
    assert re.search(r'name="credit_limit\.fixed"[^>]* value="1250,50"', again)


def test_words_that_nobody_knows_are_listed_with_their_rows(as_user, make):
    run_id = made.start(make, with_terms("soon", "soon", "later"))
    sent = {**MAPPED, "terms": "t", "terms.from": ["later"], "terms.to": ["="]}

    page = as_user(make.mona).post(f"/upserts/{run_id}/samples", data=sent)

    assert "1 value is not in the list of Terms." in flat(page)
    assert "Until you say what is meant, 2 rows are rejected." in flat(page)
    assert chosen(page.text, "terms.to") == ["", "="]


@WAYS
@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"notes": "="}, "Enter the value that every row gets."),
        ({"account_type": "=", "account_type.fixed": "made up"}, "“made up” is not in the list."),
        (
            {"phone": "code", "phone.step": "phone", "phone.step-value": "abc"},
            "Enter the country code as one to four digits, like 33.",
        ),
        ({"terms": "t", "terms.from": "soon", "terms.to": "made up"}, "is not in the list."),
    ],
)
def test_what_cannot_be_used_comes_back_with_what_was_typed(as_user, make, headers, wrong, said):
    run_id = made.start(make, with_terms("soon"))

    answer = as_user(make.mona).post(
        f"/upserts/{run_id}/mapping", data={**MAPPED, "name.step": "title", **wrong},
        headers=headers,
    )  # fmt: skip

    assert answer.status_code == 422
    assert said in flat(answer)
    assert chosen(answer.text, "name.step") == ["title", ""]
    assert mapping_of(run_id) == {}


def test_the_mapping_is_opened_as_it_was_kept(as_user, make):
    run_id, client = made.start(make, with_terms("soon", "later")), as_user(make.mona)
    sent = {**MAPPED, "name.step": "title", "notes": "=", "notes.fixed": "Kept", "terms": "t",
            "terms.from": ["soon"], "terms.to": ["="]}  # fmt: skip
    client.post(f"/upserts/{run_id}/mapping", data=sent)
    made.plan_now(run_id)

    page = client.get(f"/upserts/{run_id}/mapping")

    assert chosen(page.text, "name.step") == ["title", ""]
    assert chosen(page.text, "terms.to") == ["", "="]
    assert 'value="Kept"' in page.text
