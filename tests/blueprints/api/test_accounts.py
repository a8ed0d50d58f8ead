"""Accounts by the API: the same ones, the same rights, the same rules as on the pages."""

from __future__ import annotations

import pytest

from crmapp.services import account_list, accounts, reaches
from crmapp.services.account_question import Question

PEOPLE = ("alice", "ivan", "mona", "bob", "mallory", "carol")


@pytest.fixture
def world(make):
    make.account("Acme", owner_id=make.bob.id, number="C1", active=True)
    make.account("Beta", owner_id=make.mallory.id, location="Lyon")
    make.account("Gamma", team_id=make.bob.teams[0].id, active=False)
    make.account("Delta")
    return make


def listed(program, path="/accounts?limit=2"):
    """Go through all pages."""
    found, place = [], ""
    while True:
        page = program.get(f"{path}&cursor={place}" if place else path).json
        found += page["items"]
        place = page["next"]
        if not place:
            return found


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize(
    "asked", ["", "&q=a", "&active=no", "&owner=me", "&owner=none", "&location=Lyon",
              "&sort=-number", "&where=name~contains~e"],
)  # fmt: skip
def test_the_api_shows_to_each_what_the_list_shows(world, program, name, asked):
    reader = getattr(world, name)
    pairs = [tuple(each.split("=", 1)) for each in asked.split("&") if each]
    question = Question.from_pairs(pairs, me=reader.id)
    expected = [line.id for line in account_list.everything(question, by=reader)]

    found = listed(program(reader), f"/accounts?limit=2{asked}")

    assert [each["id"] for each in found] == expected


@pytest.mark.parametrize("name", PEOPLE)
def test_each_reads_those_that_are_in_her_list_and_no_others(world, program, name):
    reader = getattr(world, name)
    asks = program(reader)
    every = {each["id"] for each in listed(program(world.alice))}
    hers = {each["id"] for each in listed(asks)}

    answers = {id_: asks.get(f"/accounts/{id_}").status_code for id_ in every}

    assert answers == {id_: 200 if id_ in hers else 404 for id_ in every}


def test_an_account_is_created_read_changed_and_deleted(make, program):
    zone = make.field("Zone")
    asks = program(make.mona)
    sent = {"name": "Acme", "credit_limit": "1200.50", "tags": ["a", "b"], zone.name: "North"}

    made = asks.post("/accounts", sent)

    assert made.status_code == 201
    assert {name: made.json[name] for name in sent} == {**sent, "credit_limit": "1200.50"}
    path = made.headers["Location"].removeprefix("/api/v1")
    assert asks.get(path).json == made.json
    changed = asks.patch(path, {"phone": "+33 1 23 45 67 89", zone.name: None}, version=1)
    assert changed.status_code == 200
    assert changed.json["version"] == 2
    assert changed.json["credit_limit"] == "1200.50"
    assert changed.json[zone.name] is None
    assert changed.headers["ETag"] == '"2"'
    assert asks.ask("DELETE", path, headers={"If-Match": '"2"'}).status_code == 204
    assert program(make.bob).get(path).status_code == 404


def test_what_was_read_can_be_sent_back(make, program):
    parent = make.account("Holding", number="H1")
    account = make.account("Acme", parent_id=parent.id, owner_id=make.bob.id)
    asks = program(make.mona)
    shown = asks.get(f"/accounts/{account.id}").json
    own = ("id", "version", "created_at", "updated_at", "deleted_at")
    assert shown["parent"] == "H1"

    answer = asks.patch(
        f"/accounts/{account.id}", {n: v for n, v in shown.items() if n not in own}, version=1
    )

    assert answer.status_code == 200, answer.json
    assert {**answer.json, **{n: shown[n] for n in own}} == shown


def test_no_contact_has_the_number_nought(make, program):
    account = make.account("Acme")
    nina = make.contact(account, "Doe")
    accounts.update(account.id, {"primary_contact_id": nina.id}, 1, by=make.mona)

    answer = program(make.mona).patch(
        f"/accounts/{account.id}", {"primary_contact_id": 0}, version=2
    )

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == ["primary_contact_id"]
    assert accounts.get(account.id, by=make.mona).primary_contact_id == nina.id


def test_the_name_of_an_account_that_she_does_not_see_stays_unknown(make, program):
    secret = make.account("Secret", owner_id=make.mallory.id)
    account = make.account("Acme", parent_id=secret.id)

    answer = program(make.bob).get(f"/accounts/{account.id}")

    assert answer.json["parent"] is None
    assert "Secret" not in answer.text


def test_a_stale_version_changes_nothing(make, program):
    account = make.account("Acme")
    asks, path = program(make.mona), f"/accounts/{account.id}"
    accounts.update(account.id, {"phone": "+33 1 11 11 11 11"}, 1, by=make.mona)

    answers = [
        asks.patch(path, {"name": "Other"}, version=1),
        asks.ask("DELETE", path, headers={"If-Match": '"1"'}),
    ]

    assert [each.status_code for each in answers] == [412, 412]
    assert accounts.get(account.id, by=make.mona).name == "Acme"


def test_a_change_says_of_which_version(make, program):
    account = make.account("Acme")
    asks, path = program(make.mona), f"/accounts/{account.id}"

    assert asks.patch(path, {"name": "Other"}).status_code == 428
    assert asks.ask("DELETE", path).status_code == 428
    assert accounts.get(account.id, by=make.mona).name == "Acme"


def test_who_has_the_version_is_told_so(make, program):
    path = f"/accounts/{make.account('Acme').id}"

    answer = program(make.mona).get(path, headers={"If-None-Match": '"1"'})

    assert answer.status_code == 304
    assert answer.data == b""


@pytest.mark.parametrize("version, status", [('"1"', 200), ("*", 200), ('"2"', 412)])
def test_who_reads_one_version_gets_that_or_a_problem(make, program, version, status):
    path = f"/accounts/{make.account('Acme').id}"

    answer = program(make.mona).get(path, headers={"If-Match": version})

    assert answer.status_code == status
    kind = "application/json" if status == 200 else "application/problem+json"
    assert answer.content_type == kind


def test_a_request_sent_twice_creates_one_account(make, program):
    asks, key = program(make.mona), {"Idempotency-Key": "k1"}

    first, again = (asks.post("/accounts", {"name": "Once"}, **key) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["id"] == again.json["id"]


def test_a_key_with_another_body_is_refused(make, program):
    asks, key = program(make.mona), {"Idempotency-Key": "k1"}
    asks.post("/accounts", {"name": "Once"}, **key)

    answer = asks.post("/accounts", {"name": "Twice"}, **key)

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["detail"]


def test_the_key_of_another_person_is_another_key(make, program):
    key = {"Idempotency-Key": "k1"}
    first = program(make.mona).post("/accounts", {"name": "Hers"}, **key)

    other = program(make.alice).post("/accounts", {"name": "Mine"}, **key)

    assert other.status_code == 201
    assert other.json["id"] != first.json["id"]


@pytest.mark.parametrize(
    "sent, member",
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "A\x00"}, "name"),
        ({"name": "A\u202e"}, "name"),
        ({"name": 5}, "name"),
        ({"name": "A", "email": "no"}, "email"),
        ({"name": "A", "tags": [1]}, "tags"),
        ({"name": "A", "active": "yes"}, "active"),
        ({"name": "A", "owner_id": 999_999}, "owner_id"),
        ({"name": "A", "owner_id": 0}, "owner_id"),
        ({"name": "A", "invented": 1}, "invented"),
        ({"name": "A", "id": 4}, "id"),
        ({"name": "A", "parent": "nobody"}, "parent"),
        ({"name": "A", "bill_to": "nobody"}, "bill_to"),
        ({"name": "A", "duplicate_seal": 5}, "duplicate_seal"),
        ({"name": "A", "duplicate_reason": None}, "duplicate_reason"),
    ],
)
def test_a_bad_value_is_named_with_its_member(make, program, sent, member):
    answer = program(make.mona).post("/accounts", sent)

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == [member]


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"null", b'"a"', b"\xff", b"[" * 5000])
def test_what_is_no_object_is_refused(make, program, sent):
    answer = program(make.mona).ask("POST", "/accounts", data=sent, content_type="application/json")

    assert answer.status_code == 422
    assert "JSON" in answer.json["detail"]


@pytest.mark.parametrize(
    "argument", ["limit=0", "limit=x", "limit=201", "cursor=x", "sort=x", "owner=x", "ownr=1"]
)
def test_an_argument_that_cannot_be_used_is_named(make, program, argument):
    answer = program(make.mona).get(f"/accounts?{argument}")

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == [argument.split("=")[0]]


def test_problems_are_said_in_the_readers_language(make, program):
    answer = program(make.mona).post("/accounts", {}, **{"Accept-Language": "fr"})

    assert "obligatoire" in answer.json["errors"][0]["detail"]


MOTORS = {"name": "Acme Motors", "tax_id": "FR12345678901"}


def test_what_may_exist_already_is_named_and_can_be_overruled(make, program):
    known = make.account("Acme Engines", number="C1", tax_id="FR12345678901")
    asks, key = program(make.mona), {"Idempotency-Key": "k1"}

    warned = asks.post("/accounts", MOTORS, **key)
    overruling = {
        "duplicate_seal": warned.json["duplicate_seal"],
        "duplicate_reason": "Another company of the group",
    }
    saved = asks.post("/accounts", {**MOTORS, **overruling}, **key)

    assert (warned.status_code, warned.json["title"]) == (409, "This account may exist already")
    assert all(name in warned.json["detail"] for name in overruling)
    same = {"id": known.id, "name": "Acme Engines", "number": "C1", "reasons": ["Same tax id"]}
    assert (warned.json["matches"], warned.json["hidden"]) == ([same], 0)
    assert saved.status_code == 201, saved.json


def test_a_change_that_may_be_of_another_account_is_asked_back_too(make, program):
    make.account("Acme Engines", tax_id="FR12345678901")
    path, asks = f"/accounts/{make.account('Acme Motors').id}", program(make.mona)

    warned = asks.patch(path, MOTORS, version=1)
    overruling = {"duplicate_seal": warned.json["duplicate_seal"], "duplicate_reason": "It is"}
    saved = asks.patch(path, {**MOTORS, **overruling}, version=1)

    assert [each["name"] for each in warned.json["matches"]] == ["Acme Engines"]
    assert (warned.status_code, saved.status_code) == (409, 200)


def test_what_may_exist_already_and_is_not_open_to_her_is_counted_only(make, program):
    make.account("Secret", owner_id=make.mallory.id, tax_id="FR12345678901")

    warned = program(make.bob).post("/accounts", MOTORS)

    assert (warned.json["matches"], warned.json["hidden"]) == ([], 1)
    assert "1 account that may be the same is not open to you" in warned.json["detail"]
    assert "Secret" not in warned.text


def test_a_reason_that_says_nothing_is_named(make, program):
    make.account("Acme Engines", tax_id="FR12345678901")
    asks = program(make.mona)
    seal = asks.post("/accounts", MOTORS).json["duplicate_seal"]

    answer = asks.post("/accounts", {**MOTORS, "duplicate_seal": seal, "duplicate_reason": "x"})

    assert answer.status_code == 409
    assert [each["field"] for each in answer.json["errors"]] == ["duplicate_reason"]


@pytest.mark.parametrize("path, method", [("", "post"), ("/{account_id}", "patch")])
def test_the_question_whether_it_is_another_account_is_described(make, program, path, method):
    make.account("Acme Engines", tax_id="FR12345678901")
    asks = program(make.mona)
    described = asks.get("/openapi.json").json

    warned = asks.post("/accounts", MOTORS).json

    told = described["paths"][f"/api/v1/accounts{path}"][method]["responses"]["409"]
    assert "#/components/schemas/MayExist" in str(told["content"])
    assert warned.keys() >= described["components"]["schemas"]["MayExist"]["properties"].keys()


def test_a_version_that_was_read_compressed_can_be_changed(make, program):
    account = make.account("Acme", notes="x" * 1000)
    asks, path = program(make.mona), f"/accounts/{account.id}"
    read = asks.get(path, headers={"Accept-Encoding": "gzip"}).headers["ETag"]

    answer = asks.ask("PATCH", path, json={"fax": "+33 1 11"}, headers={"If-Match": read})

    assert read == 'W/"1"'
    assert answer.status_code == 200, answer.json


def test_who_gives_an_account_away_is_told_that_it_is_done(make, program):
    bob = make.bob
    reaches.restrict(bob.id, sees=[], edits=[], territories=[], by=make.alice)
    hers = make.account("Acme", owner_id=bob.id)
    asks = program(bob)

    made = asks.post("/accounts", {"name": "Nobody's"}, **{"Idempotency-Key": "one"})
    again = asks.post("/accounts", {"name": "Nobody's"}, **{"Idempotency-Key": "one"})
    given = asks.patch(f"/accounts/{hers.id}", {"owner_id": None}, version=1)

    assert [each.status_code for each in (made, again, given)] == [204] * 3
    assert made.headers["Location"] == again.headers["Location"]
    assert asks.get(f"/accounts/{hers.id}").status_code == 404


@pytest.mark.parametrize("word", ["Head", "id:{id}"])
def test_a_program_finds_by_the_id_and_the_name(make, program, word):
    head = make.account("Head")
    make.account("Branch", parent_id=head.id)
    where = f"parent_id~is~{word.format(id=head.id)}"

    found = program(make.bob).get(f"/accounts?where={where}").json

    assert [each["name"] for each in found["items"]] == ["Branch"]


@pytest.mark.parametrize("word", ["nobody", "id:99999", "id:{id}"])
def test_a_program_that_names_no_account_is_refused(make, program, word):
    head = make.account("Head")
    make.account("Branch", parent_id=head.id)
    accounts.delete(head.id, by=make.mona)

    answer = program(make.bob).get(f"/accounts?where=parent_id~is~{word.format(id=head.id)}")

    assert answer.status_code == 422
    assert "No account that you see has this number or name." in answer.text
