"""The preview's bad cells: fixed in place, dropped, by row or by value, and taken back."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.models import Run
from crmapp.services import fixes
from tests.support import upserts as made
from tests.support.pages import flat
from tests.support.upserts import rows_of
from tests.support.web import htmx

LIMITS = FieldMapping({"name": "name", "number": "code", "credit_limit": "limit"})
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
GROUP = {"field": "credit_limit", "found": "N/A"}


def planned(make, *cells):
    rows = rows_of(*(f"Name {n}" for n, _ in enumerate(cells)))
    rows = {k: {**row, "limit": c} for (k, row), c in zip(rows.items(), cells, strict=True)}
    return made.plan(make, rows, LIMITS)


def send(client, run, headers=None, **answers):
    sent = {"plan_hash": run.plan_hash, **{k.replace("__", "-"): v for k, v in answers.items()}}
    return client.post(f"/upserts/{run.id}/fixes?show=rejected", data=sent, headers=headers or {})


def counts(run):
    session.rollback()
    return session.get_one(Run, run.id).counts


def test_a_bad_cell_has_a_place_to_mend_it(as_user, make):
    run = planned(make, "100", "N/A")

    page = as_user(make.mona).get(f"/upserts/{run.id}/plan?show=rejected")

    assert 'name="fix-2-credit_limit" value="N/A"' in page.text
    assert "Enter an amount, like 1250.00. Drop this cell" in flat(page)


def test_a_value_that_was_changed_is_a_fix_and_others_stay(as_user, make):
    run = planned(make, "N/A", "soon")
    cells = {"was-1-credit_limit": "N/A", "fix-1-credit_limit": "12.50",
             "was-2-credit_limit": "soon", "fix-2-credit_limit": "soon"}  # fmt: skip

    client = as_user(make.mona)
    answer = send(client, run, **cells)

    assert answer.location == f"/upserts/{run.id}/plan?show=rejected&page=1"
    assert counts(run) == {"create": 1, "rejected": 1}
    assert "1 row changed." in flat(client.get(answer.location))


@WAYS
def test_a_value_that_is_still_bad_comes_back_with_its_error(as_user, make, headers):
    run = planned(make, "N/A", "soon")
    cells = {"was-1-credit_limit": "N/A", "fix-1-credit_limit": "a lot",
             "was-2-credit_limit": "soon", "fix-2-credit_limit": "7"}  # fmt: skip

    answer = send(as_user(make.mona), run, headers, **cells)

    assert answer.status_code == 422
    assert 'value="a lot" aria-describedby="fix-1-credit_limit-error" aria-invalid' in answer.text
    assert 'name="fix-2-credit_limit" value="7"' in answer.text
    assert '<a href="#fix-1-credit_limit">' in answer.text
    assert counts(run) == {"rejected": 2}


def test_boxes_drop_cells_and_rows(as_user, make):
    run = planned(make, "N/A", "soon")
    cells = {"was-1-credit_limit": "N/A", "drop-1-credit_limit": "on",
             "was-2-credit_limit": "soon", "drop-2-credit_limit": "on", "row-2": "on"}  # fmt: skip

    send(as_user(make.mona), run, **cells)

    assert counts(run) == {"create": 1, "kept": 1}


def test_nothing_changed_says_so(as_user, make):
    run, client = planned(make, "N/A"), as_user(make.mona)
    cells = {"was-1-credit_limit": "N/A", "fix-1-credit_limit": "N/A", "fix-x-y": "1", "row-x": ""}

    answer = send(client, run, **cells)

    assert "Nothing to save: change a value, or tick a box." in flat(client.get(answer.location))
    assert counts(run) == {"rejected": 1}


@pytest.mark.parametrize(
    "choice, after",
    [
        ("value", {"create": 2, "rejected": 1}),
        ("drop_cell", {"create": 2, "rejected": 1}),
        ("drop_row", {"kept": 2, "rejected": 1}),
    ],
)
def test_rows_with_the_same_value_are_dealt_with_at_once(as_user, make, choice, after):
    run, client = planned(make, "N/A", "soon", "N/A"), as_user(make.mona)
    page = flat(client.get(f"/upserts/{run.id}/plan?show=rejected"))
    assert "The same value in several rows Credit limit N/A" in page
    assert "Fix all 2 Drop these cells Drop these rows" in page

    send(client, run, **GROUP, choice=choice, value="5")

    assert counts(run) == after


@WAYS
def test_a_value_for_many_that_is_bad_comes_back(as_user, make, headers):
    run = planned(make, "N/A", "N/A")

    answer = send(as_user(make.mona), run, headers, **GROUP, choice="value", value="much")

    assert answer.status_code == 422
    assert (
        'name="value" value="much" aria-describedby="fix-group-1-error" aria-invalid' in answer.text
    )


@pytest.mark.parametrize(
    "forged",
    [
        {"choice": "value", "field": "made_up", "found": "N/A", "value": "1"},
        {"choice": "drop_cell", "field": "name", "found": "N/A"},
        {"choice": "made_up", "field": "credit_limit", "found": "x", "value": "1"},
        {"was-1-made_up": "", "fix-1-made_up": "1"},
        {"was-99-credit_limit": "", "fix-99-credit_limit": "1"},
        {"row-99": "on"},
    ],
)
def test_forged_answers_are_refused(as_user, make, forged):
    run = planned(make, "N/A")

    assert send(as_user(make.mona), run, **forged).status_code == 422
    assert fixes.of(run.id) == {}


@WAYS
def test_fixes_of_a_plan_that_has_changed_are_refused(as_user, make, headers):
    run, client = planned(make, "N/A", "N/A"), as_user(make.mona)
    sent = {**GROUP, "plan_hash": "old", "choice": "drop_row"}

    answer = client.post(f"/upserts/{run.id}/fixes", data=sent, headers=headers)

    assert answer.status_code == 409
    assert "This plan was made anew or has been started." in flat(answer)


def test_fixes_are_listed_and_taken_back(as_user, make):
    run, client = planned(make, "N/A", "N/A"), as_user(make.mona)
    send(client, run, **GROUP, choice="value", value="5")
    url = f"/upserts/{run.id}/fixes"
    assert "2 bad cells or rows were dealt with by hand" in flat(
        client.get(f"/upserts/{run.id}/plan")
    )
    assert "Credit limit N/A 5 2 Take back" in flat(client.get(url))
    now = session.get_one(Run, run.id).plan_hash

    client.post(f"{url}/removal", data={**GROUP, "plan_hash": now, "choice": "value", "value": "5"})

    assert "2 fixes taken back." in flat(client.get(url))
    assert counts(run) == {"rejected": 2}


def test_what_is_taken_back_from_an_old_page_is_refused(as_user, make):
    run = planned(make, "N/A")
    sent = {**GROUP, "plan_hash": "old", "choice": "value", "value": "5"}

    assert as_user(make.mona).post(f"/upserts/{run.id}/fixes/removal", data=sent).status_code == 409


def test_fixes_of_a_run_that_has_begun_lead_to_the_run(as_user, make):
    run = planned(make, "100", "N/A")
    made.queue(make, run)

    answer = as_user(make.mona).get(f"/upserts/{run.id}/fixes")

    assert answer.location == f"/upserts/{run.id}/plan"


@WAYS
@pytest.mark.parametrize("path", ["fixes", "fixes/removal"])
def test_fixes_are_for_those_who_may_run(as_user, make, headers, path):
    run = planned(make, "N/A")
    sent = {**GROUP, "plan_hash": run.plan_hash, "choice": "drop_row"}

    statuses = {
        who: as_user(getattr(make, who))
        .post(f"/upserts/{run.id}/{path}", data=sent, headers=headers)
        .status_code
        for who in ("bob", "carol")
    }
    assert statuses == {"bob": 404, "carol": 404}


@pytest.mark.parametrize("typed, kept", [("1 250,50", "1250.50"), ("1.250.000", "1250000")])
def test_an_amount_is_typed_as_the_french_do(as_user, make, typed, kept):
    run = planned(make, "N/A")
    client = as_user(make.user("dora", "manager", locale="fr"))
    send(client, run, was__1__credit_limit="N/A", fix__1__credit_limit=typed)

    assert counts(run) == {"create": 1}
    assert [cell.value for cell in fixes.of(run.id).values()] == [kept]
