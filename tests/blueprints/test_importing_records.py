"""The pages from a file of contacts or activities, or of our own export, to its run."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.record_keys import with_keys
from crmapp.models import Change, Contact, Run
from crmapp.services import fields, runs
from tests.support.files import upload
from tests.support.pages import chosen, flat
from tests.support.snapshots import lay_out_sales

PEOPLE = "Account number,First name,Last name,E-mail\n"
GRID = {"dataset": "sales", "dimension": "customers", "idempotency_key": "one-press"}


@pytest.fixture
def sales(settings):
    lay_out_sales(settings)


def the_run() -> Run:
    session.rollback()
    return session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()


def mapping_page(client) -> str:
    return client.get(f"/upserts/{the_run().id}/mapping").text


def plan(client, **changes):
    """Plan the file as its page suggests, but for ``changes``."""
    run = the_run().id
    data = {**chosen(mapping_page(client)), "empty": "leave", "wanted": "both", **changes}
    answer = client.post(f"/upserts/{run}/mapping", data=data)
    assert answer.status_code == 303, flat(answer)
    runs.work(run)
    return client.get(answer.location)


def carry_out(client):
    run = the_run()
    client.post(f"/upserts/{run.id}/run", data={"plan_hash": run.plan_hash})
    runs.work(run.id)
    return client.get(f"/runs/{run.id}")


class TestSending:
    def test_what_the_file_holds_is_chosen_at_the_top(self, make, as_user):
        page = as_user(make.mona).get("/imports/new")

        assert 'href="/imports/new?object=contact"' in page.text
        assert 'href="/imports/new?object=activity"' in page.text
        assert "One row for each account" in flat(page)

    @pytest.mark.parametrize(
        "object_, title, need",
        [
            ("contact", "Import contacts", "One row for each contact"),
            ("activity", "Import activities", "One row for each activity"),
            ("nonsense", "Import accounts", "One row for each account"),
        ],
    )
    def test_the_page_says_what_such_a_file_needs(self, make, as_user, object_, title, need):
        page = as_user(make.mona).get(f"/imports/new?object={object_}")

        assert f"<h1>{title}" in page.text
        assert need in flat(page)

    def test_no_file_is_refused_and_the_choice_stays(self, make, as_user):
        answer = as_user(make.mona).post("/imports?object=contact", data={})

        assert answer.status_code == 422
        assert "Import contacts" in flat(answer)
        assert "Choose a file." in answer.text

    def test_ids_of_another_system_are_asked_for_accounts_only(self, make, as_user):
        client = as_user(make.mona)

        people = client.get(upload(client, f"{PEOPLE}1,,Doe,\n", object="contact").location)
        accounts = client.get(upload(client, "Name\nAcme\n").location)

        assert "Column of external ids" not in people.text
        assert "Column of external ids" in accounts.text

    def test_a_file_of_contacts_read_another_way_is_still_one_of_contacts(self, make, as_user):
        client = as_user(make.mona)
        page = client.get(upload(client, f"{PEOPLE}1,,Doe,\n", object="contact").location).text
        run = the_run().id

        answer = client.post(
            f"/imports/{run}/reading",
            data={**chosen(page), "skip": "0", "header": "y", "do": "next"},
        )

        assert answer.location == f"/upserts/{run}/mapping"
        assert the_run().source["object"] == "contact"

    @pytest.mark.parametrize("object_", ["contact", "activity"])
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_every_heading_of_the_file_to_fill_in_is_known(
        self, make, as_user, object_, kind, language
    ):
        client = as_user(make.mona)
        spoken = {"Accept-Language": language}
        template = client.get(f"/imports/template.{kind}?object={object_}", headers=spoken)

        upload(client, template.data, f"file.{kind}", object=object_)

        columns = [name for name, *_ in the_run().source["columns"]]
        taken = chosen(mapping_page(client))
        specs = with_keys(object_, fields.of(object_))
        assert sorted(taken[name] for name in taken if name in specs) == sorted(columns)
        assert "ID" not in " ".join(columns)


class TestMapping:
    def test_the_fields_are_those_of_contacts_and_nothing_asks_what_finds_accounts(
        self, make, as_user
    ):
        client = as_user(make.mona)
        upload(client, f"{PEOPLE}1,,Doe,\n", object="contact")

        page = mapping_page(client)

        assert "Import contacts" in page
        assert "Which record does a row mean?" in page
        assert 'name="match"' not in page
        assert 'name="billing_city"' not in page
        assert {"account_number", "last_name"} < chosen(page).keys()

    def test_a_mapping_that_names_no_account_is_refused_at_its_field(self, make, as_user):
        client = as_user(make.mona)
        upload(client, f"{PEOPLE}1,,Doe,\n", object="contact")

        answer = client.post(
            f"/upserts/{the_run().id}/mapping",
            data={"account_number": "", "last_name": "Last name", "first_name": "First name"},
        )

        assert answer.status_code == 422
        assert "this field says to which account a row belongs" in flat(answer)
        assert chosen(answer.text)["first_name"] == "First name"

    def test_samples_of_one_field_are_shown(self, make, as_user):
        client = as_user(make.mona)
        upload(client, "Kind,Subject\nAppel,X\n", object="activity")

        answer = client.post(
            f"/upserts/{the_run().id}/samples?field=kind",
            data={"kind": "Kind"},
            headers={"HX-Request": "true"},
        )

        assert answer.status_code == 200
        assert 'value="Appel"' in answer.text
        assert ">Call</option>" in answer.text

    def test_only_a_file_names_accounts_by_their_ids(self, make, as_user, sales):
        client = as_user(make.mona)
        upload(client, "Account ID,Name\n1,Acme\n")
        of_file = mapping_page(client)
        client.post("/upserts", data=GRID)

        assert chosen(of_file)["record_id"] == "Account ID"
        assert 'value="record_id"' in of_file
        assert "record_id" not in mapping_page(client)


class TestRunning:
    def test_she_imports_contacts_and_is_led_to_their_accounts(self, make, as_user):
        client = as_user(make.mona)
        account = make.account("Acme", number="007")
        upload(client, f"{PEOPLE}007,Ann,Doe,ann@acme.example\n8,,Roe,\n", object="contact")

        planned = plan(client)
        page = carry_out(client)

        assert "Run writes 1 contact." in flat(planned)
        assert "The receipt balances" in flat(page)
        assert "No account that you see has this number." in flat(page)
        run = the_run().id
        assert "Acme" in client.get(f"/accounts?run={run}").text
        assert f'href="/accounts/{account.id}"' in client.get(f"/runs/{run}?show=create").text
        assert "Import contacts" in flat(client.get("/runs"))

    def test_a_wrong_number_is_mended_in_the_preview(self, make, as_user):
        client = as_user(make.mona)
        make.account("Acme", number="007")
        upload(client, f"{PEOPLE}7,,Doe,\n7,,Roe,\n", object="contact")
        page = plan(client)

        assert "Fix all 2" in flat(page)
        answer = client.post(
            f"/upserts/{the_run().id}/fixes",
            data={
                "choice": "value", "field": "account_number", "found": "7", "value": "007",
                "plan_hash": the_run().plan_hash,
            },
        )  # fmt: skip

        assert answer.status_code == 303
        assert the_run().counts == {"create": 2}
        fixes = client.get(f"/upserts/{the_run().id}/fixes")
        assert "Account number" in flat(fixes)

    def test_failed_rows_come_back_in_the_form_of_the_file_and_go_in_again(self, make, as_user):
        client = as_user(make.mona)
        upload(client, f"{PEOPLE}7,,Doe,\n", object="contact")
        plan(client)
        carry_out(client)
        failed = client.get(f"/runs/{the_run().id}/failed-rows.csv")
        make.account("Acme", number="7")

        upload(client, failed.data, "again.csv", like=the_run().id)
        plan(client)
        carry_out(client)

        assert failed.text.splitlines()[0].endswith("E-mail,Reason")
        assert the_run().source["object"] == "contact"
        assert the_run().done == {"created": 1}

    @pytest.mark.parametrize("language", ["en", "fr"])
    @pytest.mark.parametrize("file", ["csv", "xlsx"])
    @pytest.mark.parametrize("object_", ["account", "contact", "activity"])
    def test_an_export_goes_in_again_without_a_change_in_each_language(
        self, make, as_user, object_, file, language
    ):
        account = make.account("Acme", shipping_city="Łódź", billing_city="Warszawa")
        person = make.contact(account, "Doe", phone="555 121")
        make.activity(account, contact_id=person.id, owner_id=make.mona.id)
        client = as_user(make.mona)
        asked = {"object": object_, "file": file, "idempotency_key": "one"}
        sent = client.post("/accounts/exports", data=asked, headers={"Accept-Language": language})

        upload(client, sent.data, f"file.{file}", object=object_)
        plan(client, **({"match": "record_id"} if object_ == "account" else {}))
        carry_out(client)

        assert the_run().total
        assert the_run().done == {"unchanged": the_run().total}
        assert not session.scalars(select(Change.id)).all()
        specs = with_keys(object_, fields.of(object_))
        mapped = the_run().mapping["columns"].keys()
        assert {name for name, spec in specs.items() if spec.mappable} - mapped <= {"erp_company"}

    def test_the_undo_speaks_of_records_and_so_does_the_undo_of_it(self, make, as_user):
        client = as_user(make.mona)
        make.account("Acme", number="007")
        upload(client, f"{PEOPLE}007,,Doe,\n", object="contact")
        plan(client)
        carry_out(client)
        first = the_run().id

        asked = flat(client.get(f"/runs/{first}/undo"))
        client.post(f"/runs/{first}/undo")
        while the_run().status != "done":
            runs.work(the_run().id)
        again = flat(client.get(f"/runs/{the_run().id}/undo"))

        assert "1 record that it created is removed." in asked
        assert "created contacts that people use" in asked
        assert "1 record that it removed comes back." in again

    def test_the_history_of_the_contact_leads_to_the_run(self, make, as_user):
        client = as_user(make.mona)
        account = make.account("Acme", number="007")
        upload(client, f"{PEOPLE}007,,Doe,\n", object="contact")
        plan(client)
        carry_out(client)

        page = client.get(f"/accounts/{account.id}/contacts")

        assert "Doe" in page.text
        (change,) = session.scalars(select(Change))
        assert (change.object, change.run_id) == ("contact", the_run().id)


def test_an_edited_cell_of_an_export_is_the_only_change(make, as_user):
    client = as_user(make.mona)
    account = make.account("Acme")
    for name in ("Doe", "Roe"):
        make.contact(account, name, phone="555 121")
    asked = {"object": "contact", "file": "csv", "idempotency_key": "one"}
    text = client.post("/accounts/exports", data=asked).text
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    edited = text.replace("555 121", "555 122", 1)

    upload(client, edited, "contacts.csv", object="contact")
    plan(client)
    carry_out(client)

    assert len(rows) == 3
    assert the_run().done == {"updated": 1, "unchanged": 1}
    assert session.scalars(select(Contact.phone).order_by(Contact.id)).all() == [
        "555 122",
        "555 121",
    ]
