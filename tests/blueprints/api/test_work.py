"""Runs, figures, mappings, connections and the values of pick lists by the API."""

from __future__ import annotations

import pytest

from crmapp.domain.mapping import FieldMapping
from crmapp.services import grids, runs, saved_mappings
from tests.support.upserts import MAPPING, carry_out, plan, rows_of, start


def test_a_run_is_listed_read_and_accounted_for(make, program):
    done = carry_out(make, plan(make, {**rows_of("Acme"), "C9": {"code": "C9", "name": ""}}))
    asks = program(make.mona)

    shown = asks.get(f"/runs/{done.id}").json
    receipt = asks.get(f"/runs/{done.id}/receipt").json
    left = asks.get(f"/runs/{done.id}/left-out").json["items"]

    asked = f"/runs?status={shown['status']}&kind=upsert"
    assert asks.get(asked).json["items"] == [shown]
    assert asks.get("/runs?status=draft").json["items"] == []
    assert (receipt["rows"], receipt["balances"]) == (2, True)
    assert [(each["key"], each["outcome"]) for each in left] == [("C9", "rejected")]


def test_runs_are_listed_a_page_at_a_time(make, program):
    ids = [start(make) for _ in range(52)]
    asks = program(make.mona)

    first = asks.get("/runs").json
    second = asks.get(f"/runs?cursor={first['next']}").json

    assert [each["id"] for each in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None


def test_a_run_is_undone_once(make, program):
    done = carry_out(make, plan(make, rows_of("Acme")))
    asks, key = program(make.alice), {"Idempotency-Key": "k1"}
    path = f"/runs/{done.id}/undo"

    first, again = (asks.ask("POST", path, headers=key) for _ in range(2))
    other = asks.ask("POST", path)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json["undoes"] == done.id
    assert again.json["id"] == first.json["id"]


def test_who_sees_no_runs_of_others_sees_none_by_token(make, program):
    done = carry_out(make, plan(make, rows_of("Acme")))
    asks = program(make.bob)

    assert asks.get("/runs").json["items"] == []
    answers = [
        asks.get(f"/runs/{done.id}"),
        asks.get(f"/runs/{done.id}/receipt"),
        asks.get(f"/runs/{done.id}/left-out"),
    ]
    assert [each.status_code for each in answers] == [404] * 3
    assert asks.ask("POST", f"/runs/{done.id}/undo").status_code == 403


def test_a_run_is_planned_with_a_saved_mapping_and_started_by_its_hash(make, program):
    run_id = start(make, rows_of("Acme", "Beta"))
    saved = saved_mappings.save(run_id, "ERP", MAPPING, by=make.mona)
    asks = program(make.mona)

    planning = asks.post(f"/runs/{run_id}/plan", {"mapping": saved.mapping_id})
    runs.work(run_id)
    planned = asks.get(f"/runs/{run_id}").json
    wrong = asks.post(f"/runs/{run_id}/start", {"plan_hash": "another"})
    begun = asks.post(f"/runs/{run_id}/start", {"plan_hash": planned["plan_hash"]})
    runs.work(run_id)

    assert (planning.status_code, planned["status"]) == (202, "planned")
    assert (wrong.status_code, begun.status_code) == (409, 202), begun.json
    assert asks.get(f"/runs/{run_id}").json["done"]["created"] == 2
    assert runs.get(run_id, by=make.mona).mapping["saved"]["name"] == "ERP"


@pytest.mark.parametrize(
    "sent, member",
    [
        ({}, "mapping"),
        ({"mapping": "1"}, "mapping"),
        ({"mapping": True}, "mapping"),
        ({"mapping": 0}, "mapping"),
        ({"mapping": 1, "confirmed": 2**31}, "confirmed"),
        ({"mapping": 1, "all": True}, "all"),
    ],
)
def test_a_wish_that_cannot_be_used_names_the_member(make, program, sent, member):
    answer = program(make.mona).post(f"/runs/{start(make)}/plan", sent)

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == [member]


def test_saved_mappings_are_read_with_their_versions(make, program):
    run_id = start(make)
    saved_mappings.save(run_id, "ERP", MAPPING, by=make.mona)
    other = FieldMapping({"name": "name", "number": "code"})
    saved = saved_mappings.save(run_id, "ERP", other, by=make.mona)
    asks = program(make.mona, "mappings:read")

    (shown,) = asks.get("/mappings").json["items"]
    versions = asks.get(f"/mappings/{saved.mapping_id}/versions").json["items"]

    assert asks.get(f"/mappings/{saved.mapping_id}").json == shown
    assert (shown["name"], shown["version"]) == ("ERP", 2)
    assert [each["version"] for each in versions] == [2, 1]
    assert program(make.bob).get("/mappings").status_code == 403


def test_connections_are_told_without_what_opens_them(make, program):
    asks = program(make.alice)

    shown = asks.get("/connections").json["items"]

    assert {each["system"]: each["state"] for each in shown} == {
        "salesforce": "none",
        "intacct": "none",
    }
    assert program(make.bob).get("/connections").status_code == 403


def test_a_value_of_a_pick_list_is_added_changed_and_deleted(make, program):
    asks, path = program(make.alice), "/pick-lists/terms/values"
    before = asks.get("/pick-lists/terms").json["values"]

    made = asks.post(path, {"label_en": "Ninety days", "label_fr": "90 jours"})
    one = f"{path}/{made.json['id']}"
    changed = asks.patch(one, {"label_en": "90 days"}, version=made.json["version"])
    stale = asks.patch(one, {"active": False}, version=made.json["version"])
    version = changed.json["version"]

    assert (made.status_code, changed.status_code, stale.status_code) == (201, 200, 412)
    assert asks.get("/pick-lists/terms").json["values"] == [*before, changed.json]
    assert asks.ask("DELETE", one).status_code == 428
    gone = asks.ask("DELETE", one, headers={"If-Match": f'"{version}"'})
    assert gone.status_code == 204
    assert asks.get("/pick-lists/terms").json["values"] == before
    assert program(make.mona).post(path, {"label_en": "No"}).status_code == 403


QUESTION = "/datasets/sales/customers?size=25&sort=-value.total&mode=total"


def test_the_grid_answers_a_program_as_it_answers_people(sales, make, program):
    asks = program(make.mona)
    args = dict(each.split("=") for each in QUESTION.partition("?")[2].split("&"))
    expected = grids.answer(grids.ask("sales", "customers", args, by=make.mona), by=make.mona)

    databases = {each["name"]: each for each in asks.get("/datasets").json["items"]}
    shown = asks.get(QUESTION).json

    assert "customers" in [each["name"] for each in databases["sales"]["dimensions"]]
    assert [each["key"] for each in shown["items"]] == [row.key for row in expected.rows]
    assert shown["count"] == expected.count > 25
    assert shown["next"] == "2"
    assert {each["name"] for each in shown["columns"]} <= shown["items"][0]["values"].keys()
    assert asks.get(f"{QUESTION}&page=2").json["items"] != shown["items"]


def test_figures_of_accounts_that_she_does_not_see_stay_unknown(sales, make, program):
    shown = program(make.bob).get(QUESTION).json

    assert (shown["items"], shown["count"]) == ([], 0)


@pytest.mark.parametrize("asked", ["invented=1", "page=0", "sort=x", "mode=x", "sel=99"])
def test_a_question_that_cannot_be_asked_is_refused(sales, make, program, asked):
    answer = program(make.mona).get(f"/datasets/sales/customers?{asked}")

    assert answer.status_code in (404, 422)


def test_rows_of_the_grid_become_a_draft_once(sales, make, program):
    asks, key = program(make.mona), {"Idempotency-Key": "k1"}
    wish = {"dataset": "sales", "dimension": "customers", "arguments": {"q": "gift"}}

    first, again = (asks.post("/runs", wish, **key) for _ in range(2))
    other = asks.post("/runs", {**wish, "arguments": {"q": "shop"}}, **key)

    assert (first.status_code, other.status_code) == (201, 422)
    assert first.json["status"] == "draft"
    assert again.json["id"] == first.json["id"]
    assert program(make.carol).post("/runs", wish).status_code == 403


def test_a_mapping_of_another_source_is_refused(sales, make, program):
    saved = saved_mappings.save(start(make), "ERP", MAPPING, by=make.mona)
    asks = program(make.mona)
    run = asks.post("/runs", {"dataset": "sales", "dimension": "customers"}).json

    answer = asks.post(f"/runs/{run['id']}/plan", {"mapping": saved.mapping_id})

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == ["mapping"]


def ended(asks, run_id, sent):
    """Ask for a run once more when it has ended."""
    runs.work(run_id)
    answer = asks.post(f"/runs/{run_id}/start", sent)
    assert "has been started already" in answer.json["detail"]
    return answer


def test_each_kind_of_refusal_has_a_title_of_its_own(make, program):
    run_id, other = start(make, rows_of("Acme")), start(make, rows_of("Beta"))
    saved = saved_mappings.save(run_id, "ERP", MAPPING, by=make.mona)
    asks, mapping = program(make.alice), {"mapping": saved.mapping_id}
    asks.post(f"/runs/{run_id}/plan", mapping)
    runs.work(run_id)
    sent = {"plan_hash": asks.get(f"/runs/{run_id}").json["plan_hash"]}

    answers = {
        "anew": asks.post(f"/runs/{run_id}/start", {"plan_hash": "another"}),
        "begun": asks.post(f"/runs/{run_id}/start", sent),
        "running": asks.post(f"/runs/{run_id}/start", sent),
        "settled": asks.post(f"/runs/{run_id}/plan", mapping),
        "ended": ended(asks, run_id, sent),
        "not undoable": asks.post(f"/runs/{other}/undo", None),
    }

    assert answers.pop("begun").status_code == 202
    assert {each.status_code for each in answers.values()} == {409}
    assert {name: each.json["title"] for name, each in answers.items()} == {
        "anew": "Something changed in the meantime",
        "running": "This has been started already",
        "ended": "This has been started already",
        "settled": "It has gone too far for this",
        "not undoable": "This cannot be undone",
    }
