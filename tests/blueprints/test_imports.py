"""The pages from a file of accounts to its run, and what comes back of it."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.models import Account, ExternalIdentity, Run
from crmapp.services import fields, runs
from tests.support.files import ACCOUNTS, upload, workbook
from tests.support.pages import chosen, flat

MAPPED = {"name": "Name", "number": "Number", "phone": "Phone", "match": "number", "empty": "leave"}


def the_run() -> Run:
    session.rollback()
    return session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()


def numbered() -> dict[str | None, str]:
    """Return number → name of the accounts."""
    session.rollback()
    living = select(Account.number, Account.name).where(Account.number.is_not(None))
    return {row.number: row.name for row in session.execute(living)}


def plan(client, **changes):
    run = the_run().id
    answer = client.post(f"/upserts/{run}/mapping", data={**MAPPED, **changes})
    assert answer.status_code == 303, flat(answer)
    runs.work(run)
    return client.get(answer.location)


def carry_out(client):
    run = the_run()
    client.post(f"/upserts/{run.id}/run", data={"plan_hash": run.plan_hash})
    runs.work(run.id)
    return client.get(f"/runs/{run.id}")


def import_(client, content=ACCOUNTS, name="accounts.csv", **changes):
    answer = upload(client, content, name)
    assert answer.status_code == 303, flat(answer)
    plan(client, **changes)
    return carry_out(client)


class TestSending:
    def test_a_file_becomes_a_draft_that_shows_its_rows(self, make, as_user):
        client = as_user(make.mona)

        answer = upload(client)

        run = the_run()
        page = client.get(answer.location)
        assert answer.location == f"/imports/{run.id}/reading"
        assert (run.status, run.title, run.total) == ("draft", "accounts.csv", None)
        assert "Acme 007 +33 1 23 45" in flat(page)
        assert chosen(page.text)["delimiter"] == ";"

    def test_the_list_of_accounts_leads_there_who_may(self, make, as_user):
        assert "/imports/new" in as_user(make.mona).get("/accounts").text
        assert "/imports/new" not in as_user(make.bob).get("/accounts").text

    @pytest.mark.parametrize("address", ["/imports/new", "/imports/template.csv"])
    def test_who_lacks_the_right_is_told_which(self, make, as_user, address):
        answer = as_user(make.bob).get(address)

        assert answer.status_code == 403
        assert "grid.add_update_accounts" in answer.text

    def test_no_file_is_refused_at_its_field(self, make, as_user):
        answer = as_user(make.mona).post("/imports", data={})

        assert answer.status_code == 422
        assert "Choose a file." in answer.text
        assert 'aria-invalid="true"' in answer.text

    def test_a_body_beyond_the_limit_is_refused_at_its_field(self, app, make, as_user):
        client = as_user(make.mona)
        app.config["WTF_CSRF_ENABLED"] = True  # it is what reads the body first

        answer = client.post(
            "/imports",
            content_type="multipart/form-data; boundary=x",
            environ_overrides={"CONTENT_LENGTH": str(600 * 1024 * 1024)},
        )

        assert answer.status_code == 413
        assert "The file is larger than 512 MB." in answer.text
        assert 'aria-invalid="true"' in answer.text

    def test_somebody_elses_draft_is_not_found(self, make, as_user):
        upload(as_user(make.mona))

        assert as_user(make.bob).get(f"/imports/{the_run().id}/reading").status_code == 404

    def test_the_same_press_twice_makes_one_draft(self, make, as_user):
        client = as_user(make.mona)
        sent = [
            client.post(
                "/imports",
                data={"file": (io.BytesIO(b"Name\nA\n"), "a.csv"), "idempotency_key": "one"},
            )
            for _ in range(2)
        ]

        assert sent[0].location == sent[1].location
        assert session.scalar(select(func.count()).select_from(Run)) == 1


class TestReading:
    def read(self, client, **changes):
        run = the_run()
        page = client.get(f"/imports/{run.id}/reading").text
        data = {**chosen(page), "skip": "0", "header": "y", **changes}
        return client.post(f"/imports/{run.id}/reading", data=data)

    def test_another_delimiter_is_read_and_shown(self, make, as_user):
        client = as_user(make.mona)
        upload(client)

        self.read(client, delimiter=",", do="look")

        page = client.get(f"/imports/{the_run().id}/reading")
        assert ">Acme;007;+33 1 23 45</td>" in page.text

    def test_the_next_step_is_the_mapping_with_its_suggestions(self, make, as_user):
        client = as_user(make.mona)
        upload(client)

        answer = self.read(client, do="next")

        page = client.get(answer.location).text
        assert chosen(page)["number"] == "Number"
        assert "Preview all rows" in page

    def test_a_reading_without_a_table_keeps_what_was_chosen(self, make, as_user):
        client = as_user(make.mona)
        upload(client)

        answer = self.read(client, skip="90", do="next")

        assert answer.status_code == 422
        assert "There is no table in this file" in answer.text
        assert 'value="90"' in answer.text

    def test_a_key_column_needs_the_name_of_its_system(self, make, as_user):
        client = as_user(make.mona)
        upload(client)

        answer = self.read(client, key_column="Number", system=" ", do="next")

        assert answer.status_code == 422
        assert "Enter a name" in answer.text

    def test_a_settled_file_is_begun_again_instead(self, make, as_user):
        client = as_user(make.mona)
        upload(client)
        plan(client)
        first = the_run().id

        refused = client.post(f"/imports/{first}/reading", data={"delimiter": ","})
        answer = client.post(f"/imports/{first}/drafts")

        again = the_run()
        assert refused.status_code == 303
        assert answer.location == f"/imports/{again.id}/reading"
        assert (again.id > first, again.status) == (True, "draft")
        assert session.get_one(Run, first).status == "cancelled"


class TestRunning:
    def test_a_newcomer_imports_her_accounts(self, make, as_user):
        page = import_(as_user(make.mona))

        assert numbered() == {"007": "Acme", "008": "Łódź Toys"}
        assert "The receipt balances" in flat(page)

    def test_what_was_created_is_linked_from_its_row(self, make, as_user):
        client = as_user(make.mona)
        import_(client)

        page = client.get(f"/runs/{the_run().id}?show=create")

        acme = session.scalar(select(Account.id).where(Account.number == "007"))
        assert f'<a href="/accounts/{acme}">' in page.text

    def test_the_same_file_again_changes_nothing(self, make, as_user):
        client = as_user(make.mona)
        import_(client)

        import_(client)

        assert the_run().done == {"unchanged": 2}

    def test_the_accounts_of_a_run_are_listed(self, make, as_user):
        make.account(name="Somebody else", number="1")
        client = as_user(make.mona)
        page = import_(client)

        assert f"/accounts?run={the_run().id}" in page.text
        listed = client.get(f"/accounts?run={the_run().id}")
        assert "Acme" in listed.text
        assert "Somebody else" not in listed.text
        assert f"Written by run {the_run().id}" in flat(listed)

    def test_new_ones_only_leaves_the_known_as_they_are(self, make, as_user):
        make.account(name="Old name", number="007")

        page = import_(as_user(make.mona), wanted="create")

        assert numbered() == {"007": "Old name", "008": "Łódź Toys"}
        assert "only new ones are created" in flat(page)
        assert the_run().done == {"created": 1, "skipped": 1}

    def test_known_ones_only_creates_none(self, make, as_user):
        make.account(name="Old name", number="007")

        page = import_(as_user(make.mona), wanted="update")

        assert numbered() == {"007": "Acme"}
        assert "only known ones are updated" in flat(page)

    def test_an_external_id_goes_to_the_ledger_and_finds_the_account_again(self, make, as_user):
        client = as_user(make.mona)
        for name in ("Acme", "Acme Ltd"):
            upload(client, f"Id,Name\n00{9},{name}\n")
            run = the_run().id
            data = {"delimiter": ",", "encoding": "utf-8", "header": "y", "skip": "0"}
            client.post(
                f"/imports/{run}/reading", data={**data, "key_column": "Id", "system": "ERP"}
            )
            plan(client, number="", phone="", match="name")
            carry_out(client)

        ledger = session.scalars(select(ExternalIdentity)).one()
        assert (ledger.system, ledger.object, ledger.external_id) == ("file:ERP", "rows", "009")
        assert session.scalars(select(Account.name)).all() == ["Acme Ltd"]

    def test_the_same_settings_again_read_and_map_another_file(self, make, as_user):
        client = as_user(make.mona)
        import_(client, ACCOUNTS.replace(";", "|"), wanted="update")
        first = the_run().id

        answer = upload(client, ACCOUNTS.replace(";", "|"), like=first)

        page = client.get(
            answer.location.replace("imports", "upserts").replace("reading", "mapping")
        )
        assert the_run().id > first
        assert chosen(page.text)["phone"] == "Phone"
        assert re.search(r'<input checked[^>]*value="update"', page.text)


class TestWhatCannotBePlanned:
    def test_the_runs_page_says_why_and_leads_back_to_the_file(self, make, as_user):
        client = as_user(make.mona)
        upload(client, "Name,Number,Phone\n")
        plan(client)

        page = client.get(f"/runs/{the_run().id}")

        assert "The preview could not be made The source has no rows." in flat(page)
        assert "The receipt balances" not in page.text
        assert f"/imports/{the_run().id}/reading" in page.text


class TestWhatComesBack:
    ROWS = "Name;Number;Phone\nAcme;007;555 124\n;008;555 123\nWide;009;1;2;3\n"

    def test_failed_rows_have_the_form_of_the_file(self, make, as_user):
        client = as_user(make.mona)
        import_(client, self.ROWS)

        answer = client.get(f"/runs/{the_run().id}/failed-rows.csv")

        assert answer.data.decode("utf-8-sig").splitlines() == [
            "Name;Number;Phone;Reason",
            ';008;555 123;"Name: Enter a value; this field is required."',
            "Wide;009;1;Cells in this row: 5. Columns of the table: 3.;2;3",
        ]

    def test_the_page_says_the_line_of_a_row_that_was_left_out(self, make, as_user):
        page = import_(as_user(make.mona), "\n\n" + self.ROWS)

        assert "Cells in this row: 5." in flat(page)
        assert '<td class="num">6</td>' in re.sub(
            r"\s*(<td[^>]*>)\s*(\d+)\s*(</td>)", r"\1\2\3", page.text
        )

    def test_a_file_in_windows_1252_comes_back_in_it(self, make, as_user):
        client = as_user(make.mona)
        import_(client, "Name;Number;Phone\nÉté;1;555 123\n;Zoë;555 124\n".encode("windows-1252"))

        answer = client.get(f"/runs/{the_run().id}/failed-rows.csv")

        assert answer.data.decode("windows-1252").splitlines()[1].startswith(";Zoë;555 124;")
        assert answer.content_type == "text/csv; charset=windows-1252"

    def test_a_corrected_file_is_imported_as_it_is(self, make, as_user):
        client = as_user(make.mona)
        import_(client, "Name,Number,Phone\n,008,+33 1 23 45\n")
        failed = client.get(f"/runs/{the_run().id}/failed-rows.csv").data

        import_(client, failed.replace(b",008", b"Toys,008"))

        (toys,) = session.scalars(select(Account))
        assert (toys.name, toys.number, toys.phone) == ("Toys", "008", "+33 1 23 45")
        assert the_run().source["left_out"] == "Reason"

    def test_a_workbook_comes_back_as_one_and_goes_in_again(self, make, as_user):
        client = as_user(make.mona)
        rows = [["Name", "Number", "Phone"], ["Acme", "007", "555 123"], ["", "008", "=1+1"]]
        page = import_(client, workbook(rows), "accounts.xlsx")
        address = f"/runs/{the_run().id}/failed-rows.xlsx"
        failed = client.get(address)

        upload(client, failed.data, "again.xlsx")

        assert address in page.text
        assert client.get(address.replace("xlsx", "csv")).status_code == 404
        kept = the_run().source
        assert (kept["headings"][-1], kept["left_out"]) == ("Reason", "Reason")
        assert kept["sample"]["rows"][0][:2] == ["", "008"]


class TestTemplate:
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_every_field_is_mapped_as_exact(self, make, as_user, kind, language):
        client = as_user(make.mona)
        spoken = {"Accept-Language": language}
        template = client.get(f"/imports/template.{kind}", headers=spoken)

        upload(client, template.data, f"accounts.{kind}")

        page = client.get(f"/upserts/{the_run().id}/mapping")
        columns = [name for name, *_ in the_run().source["columns"]]
        assert sorted(
            v for k, v in chosen(page.text).items() if k in fields.of("account")
        ) == sorted(columns)
        assert (len(columns) > 30, "Likely" in flat(page)) == (True, False)
