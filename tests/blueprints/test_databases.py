"""The pages that make and keep databases."""

from __future__ import annotations

import io
import re

import pytest

from crmapp.db import session
from crmapp.models import Run, StoredDataset
from crmapp.services import databases, runs
from tests.support.sales import SALES, draft, publish
from tests.support.tables import Table


def upload(client, content=SALES, name="our-sales.csv", to="/databases", **more):
    return client.post(to, data={"file": (io.BytesIO(content.encode()), name), **more})


def sent_form(text, **changes):
    """What a browser would send of the form of columns."""
    fields = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', text))
    ticked = re.findall(r"<input[^>]*\bchecked\b[^>]*>", text)
    fields |= {name: "y" for tag in ticked for name in re.findall(r'name="([^"]+)"', tag)}
    unticked = re.findall(r'<input[^>]*type="checkbox"[^>]*>', text)
    for tag in unticked:
        if "checked" not in tag:
            fields.pop(re.findall(r'name="([^"]+)"', tag)[0], None)
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.findall(r'<option selected value="([^"]*)"', options)
        fields[name] = chosen[0] if chosen else ""
    return {**fields, **changes}


def columns(client, dataset_id, **changes):
    page = client.get(f"/databases/{dataset_id}/columns").text
    return client.post(f"/databases/{dataset_id}/columns", data=sent_form(page, **changes))


def test_a_newcomer_sees_her_own_sales(make, as_user):
    client = as_user(make.alice)

    to_columns = upload(client)
    dataset_id = session.query(StoredDataset).one().id
    to_preview = columns(client, dataset_id, label_en="My sales", do="preview")
    preview = client.get(to_preview.location)
    to_run = client.post(f"/databases/{dataset_id}/publication")
    runs.work(int(to_run.location.rpartition("/")[2]))

    assert to_columns.location == f"/databases/{dataset_id}/columns"
    assert "Brown &amp; Sons" in preview.text
    assert "1,029.95" in preview.text
    assert "name: my_sales" in preview.text
    assert "Loaded" in client.get(to_run.location).text
    grid = client.get("/analytics/my_sales/customers?period=total").text
    assert "1,030" in Table.of(grid).totals[0]


@pytest.mark.parametrize(
    "content, says", [("", "The file is empty."), ("\1\2\3" * 99, "This is not a table")]
)
def test_a_file_that_is_no_table_is_refused_at_its_field(make, as_user, content, says):
    answer = upload(as_user(make.alice), content)

    assert answer.status_code == 422
    assert says in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_no_file_is_refused_at_its_field(make, as_user):
    answer = as_user(make.alice).post("/databases", data={})

    assert answer.status_code == 422
    assert "Choose a file." in answer.text


def test_a_body_beyond_the_limit_says_how_much_may_be_sent(make, as_user):
    client = as_user(make.alice)

    answer = client.post(
        "/databases",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(600 * 1024 * 1024)},
    )

    assert answer.status_code == 413
    assert "Send at most 513 MB at a time." in answer.text


def test_columns_show_what_was_recognised_and_keep_what_is_typed(make, as_user):
    client, dataset_id = as_user(make.alice), draft(make.alice)

    refused = columns(
        client, dataset_id, **{"column_en.qty": "", "column_en.city": "Town", "do": "preview"}
    )

    assert refused.status_code == 422
    assert "Enter a name for it." in refused.text
    assert 'value="Town"' in refused.text
    assert 'value="Town"' in client.get(f"/databases/{dataset_id}/columns").text


def test_update_offers_the_dimension_that_was_just_made(make, as_user):
    client, dataset_id = as_user(make.alice), draft(make.alice)

    answer = columns(client, dataset_id, **{"role.city": "key", "do": "update"})

    page = client.get(answer.location).text
    assert "Property of “City”" in page or "Property of “Cities”" in page
    assert 'name="dimension_en.city"' in page


def test_what_accounts_buy_is_chosen_among_the_other_dimensions(make, as_user):
    client, dataset_id = as_user(make.alice), draft(make.alice)
    page = client.get(f"/databases/{dataset_id}/columns").text
    offered = re.search(r'<select[^>]* name="categories"[^>]*>(.*?)</select>', page, re.S)[1]

    columns(client, dataset_id, categories="product_code", do="update")

    assert re.findall(r'value="([^"]*)"', offered) == ["", "city", "product_code"]
    assert "categories: products" in client.get(f"/databases/{dataset_id}/dataset.yml").text


def test_a_forged_choice_is_refused(make, as_user):
    client, dataset_id = as_user(make.alice), draft(make.alice)
    forged = {"role.qty": "property:x'; DROP", "reading.amount": "'); --", "do": "preview"}

    answer = columns(client, dataset_id, **forged)

    assert answer.status_code == 422
    assert "Choose the dimension that it belongs to." in answer.text
    assert "Choose one from the list." in answer.text


def test_the_file_is_read_another_way(make, as_user):
    client, dataset_id = as_user(make.alice), draft(make.alice)

    client.post(
        f"/databases/{dataset_id}/reading",
        data={"encoding": "utf-8", "delimiter": ";", "skip": "1"},
    )

    found = databases.draft_of(make.again(StoredDataset, dataset_id))
    assert (found.reading.skip, found.reading.header) == (1, False)
    assert found.design.columns[0].heading == "Column 1"


def test_a_preview_of_a_draft_that_cannot_be_used_leads_back(make, as_user):
    client, dataset_id = as_user(make.alice), draft(make.alice, "a,b\nx,y\n")

    answer = client.get(f"/databases/{dataset_id}/preview")

    assert (answer.status_code, answer.location) == (303, f"/databases/{dataset_id}/columns")


def test_the_page_of_a_database_offers_all_there_is_to_do(make, as_user):
    stored, client = publish(make), as_user(make.alice)

    page = client.get(f"/databases/{stored.id}").text

    for text in ("Refresh now", "Send a new file", "Schedule", "Retire", "our-sales.csv"):
        assert text in page
    file = client.get(f"/databases/{stored.id}/dataset.yml")
    assert file.text == stored.text
    assert "our_sales.yml" in file.headers["Content-Disposition"]


def test_refresh_now_twice_leads_to_the_same_run(make, as_user):
    stored, client = publish(make), as_user(make.alice)

    first, second = (client.post(f"/databases/{stored.id}/refreshes") for _ in range(2))

    assert first.location == second.location


def test_a_file_is_added(make, as_user):
    stored, client = publish(make), as_user(make.alice)

    answer = upload(client, to=f"/databases/{stored.id}/files", mode="add")
    runs.work(int(answer.location.rpartition("/")[2]))

    assert [each["name"] for each in make.again(StoredDataset, stored.id).source["files"]] == [
        "our-sales.csv", "our-sales.csv",
    ]  # fmt: skip
    assert databases.runs_of(stored)[0].done == {"loaded": 8, "rejected": 0}


def test_a_file_that_does_not_fit_is_refused_at_its_field(make, as_user):
    stored, client = publish(make), as_user(make.alice)

    answer = upload(client, "a,b\n1,2\n", to=f"/databases/{stored.id}/files")

    said = "Columns that are used here, but are not in the table: Amount, City, Customer, "
    assert answer.status_code == 422
    assert said + "Customer no, Date, …." in answer.text


def test_a_schedule_is_set_and_a_bad_one_refused(make, as_user):
    stored, client = publish(make), as_user(make.alice)
    address = f"/databases/{stored.id}/schedule"

    refused = client.post(address, data={"kind": "every", "every": "1"})
    kept = client.post(address, data={"kind": "daily", "every": "", "daily": "06:30"})

    assert (refused.status_code, kept.status_code) == (422, 303)
    assert "Enter 5 to 10,080 minutes." in refused.text
    assert make.again(StoredDataset, stored.id).daily == "06:30"


def test_a_database_is_retired_brought_back_and_deleted(make, as_user):
    stored, client = publish(make), as_user(make.alice)
    here = f"/databases/{stored.id}"

    client.post(f"{here}/retirement")
    assert client.get("/analytics/our_sales/customers").status_code == 404
    client.post(f"{here}/return")
    assert client.get("/analytics/our_sales/customers").status_code in (200, 303)
    client.post(f"{here}/deletion")
    assert client.get(here).status_code == 200
    client.post(f"{here}/retirement")
    client.post(f"{here}/deletion")

    assert client.get(here).status_code == 404


def test_the_run_says_why_rows_were_rejected(make, as_user):
    many = SALES + "".join(SALES.splitlines(keepends=True)[1:]) * 9
    stored = publish(make, many + "soon;1;A;B;C;1;1\n")
    run = session.query(Run).one()

    page = as_user(make.alice).get(f"/runs/{run.id}").text

    assert "our-sales.csv:42" in page
    assert "“soon” is not a date as the others are." in page
    assert f"/analytics/{stored.name}" in page
    assert "Undo run" not in page


def test_the_run_of_a_refresh_that_failed_says_why_in_french(make, as_user):
    stored = publish(make)
    run_id = databases.send(
        stored.id, io.BytesIO(SALES.splitlines()[0].encode()), "x.csv", adds=False, by=make.alice
    )
    runs.work(run_id)

    page = as_user(make.alice).get(f"/runs/{run_id}", headers={"Accept-Language": "fr"}).text

    assert "Le tableau n’a aucune ligne." in page


PAGES = ("", "/columns", "/preview", "/dataset.yml")
DEEDS = (
    "/columns", "/reading", "/publication", "/discarding", "/refreshes", "/files", "/schedule",
    "/retirement", "/return", "/deletion",
)  # fmt: skip


@pytest.mark.parametrize("method, path", [("GET", p) for p in PAGES] + [("POST", p) for p in DEEDS])
def test_others_learn_which_right_they_lack(make, as_user, method, path):
    stored = publish(make)

    for person in (make.mona, make.bob, make.carol):
        answer = as_user(person).open(f"/databases/{stored.id}{path}", method=method)

        assert answer.status_code == 403
        assert "dataset.manage" in answer.text
    assert make.again(StoredDataset, stored.id).state == "live"


@pytest.mark.parametrize("path", PAGES)
def test_a_database_that_is_not_there_is_not_found(make, as_user, path):
    assert as_user(make.alice).get(f"/databases/999{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "/new"])
def test_nobody_gets_in_without_signing_in(client, path):
    answer = client.get("/databases/new") if path else client.post("/databases")

    assert answer.location.startswith("/login")


def test_a_table_without_rows_is_told_of_before_its_columns(make, as_user):
    dataset_id = draft(make.alice, "Date;Customer;Amount\n")

    page = as_user(make.alice).get(f"/databases/{dataset_id}/columns")

    assert "There are no rows below the headings" in page.text
