"""The pages of saved mappings, and how one is chosen and saved on the mapping page."""

from __future__ import annotations

import pytest

from crmapp.services import saved_mappings
from tests.support import upserts as made
from tests.support.pages import flat
from tests.support.upserts import MAPPING, rows_of
from tests.support.web import htmx

MAPPED = {"name": "name", "number": "code", "phone": "", "match": "number", "empty": "leave"}
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


@pytest.fixture
def saved(make):
    return saved_mappings.save(made.start(make), "ERP", MAPPING, by=make.mona)


@WAYS
@pytest.mark.parametrize("path", ["/mappings", "/mappings/{}", "/mappings?retired=yes"])
def test_who_may_not_run_is_told_which_right_is_missing(as_user, make, saved, headers, path):
    url = path.format(saved.mapping_id)

    answers = {
        who: as_user(getattr(make, who)).get(url, headers=headers)
        for who in ("alice", "mona", "bob", "carol")
    }

    assert {who: each.status_code for who, each in answers.items()} == {
        "alice": 200, "mona": 200, "bob": 403, "carol": 403,
    }  # fmt: skip
    assert "grid.add_update_accounts" in answers["bob"].text


def test_a_visitor_signs_in_first(client):
    assert client.get("/mappings").location.startswith("/login")


def test_saving_keeps_the_form_under_a_name(as_user, make):
    run_id, client = made.start(make), as_user(make.mona)

    answer = client.post(f"/upserts/{run_id}/saved-mapping", data={**MAPPED, "save_as": "Mine"})

    (kept,) = saved_mappings.listed(by=make.mona)
    assert answer.location == f"/upserts/{run_id}/mapping?saved={kept.id}:1"
    page = client.get(answer.location)
    assert "Saved as “Mine”, version 1." in flat(page)
    assert f'name="saved" value="{kept.id}:1"' in page.text


@WAYS
@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"save_as": ""}, "Enter a name of at most 80 characters."),
        ({"save_as": "x" * 81}, "Enter a name of at most 80 characters."),
        ({"save_as": "Mine", "name": ""}, "Choose the column that fills this field"),
    ],
)
def test_what_cannot_be_saved_comes_back(as_user, make, headers, wrong, said):
    url = f"/upserts/{made.start(make)}/saved-mapping"
    sent = {**MAPPED, "phone": "name", **wrong}

    answer = as_user(make.mona).post(url, data=sent, headers=headers)

    assert answer.status_code == 422
    assert said in flat(answer)
    assert saved_mappings.listed(by=make.mona) == []


def test_a_saved_mapping_is_chosen_at_the_start(as_user, make, saved):
    rows = rows_of("Acme", fax="+33 1 23 45 67 89")
    url = f"/upserts/{made.start(make, rows)}/mapping"

    page = as_user(make.mona).get(f"{url}?saved={saved.mapping_id}:1")

    assert "ERP, version 1" in flat(page)
    assert f'<option value="{saved.mapping_id}:1" selected>' in page.text


def test_a_version_whose_columns_are_gone_says_which(as_user, make, saved):
    run_id = made.start(make, {"C1": {"code": "C1", "name": "Acme"}})

    url = f"/upserts/{run_id}/mapping?saved={saved.mapping_id}"
    page = flat(as_user(make.mona).get(url))

    assert "Some columns are gone from the source Phone was filled from “phone”." in page


def test_the_run_says_which_version_it_used(as_user, make, saved):
    run_id, client = made.start(make), as_user(make.mona)
    chosen = {"saved": f"{saved.mapping_id}:1"}
    client.post(f"/upserts/{run_id}/mapping", data={**MAPPED, **chosen})
    made.plan_now(run_id)

    page = flat(client.get(f"/runs/{run_id}"))

    assert "ERP, version 1 · changed for this run" in page


@pytest.mark.parametrize(
    "chosen, status", [("x", 200), ("1:2:3", 404), ("99:1", 404), ("9" * 30, 200)]
)
def test_a_made_up_choice_is_refused_or_ignored(as_user, make, saved, chosen, status):
    url = f"/upserts/{made.start(make)}/mapping?saved={chosen}"

    assert as_user(make.mona).get(url).status_code == status


def test_versions_are_compared_in_words(as_user, make, saved):
    client = as_user(make.mona)
    client.post(f"/upserts/{made.start(make)}/saved-mapping", data={**MAPPED, "save_as": "ERP"})

    page = flat(client.get(f"/mappings/{saved.mapping_id}?from=2&to=1"))

    assert "From version 2 to version 1 Phone is filled from “phone”." in page
    assert client.get(f"/mappings/{saved.mapping_id}?from=1&to=9").status_code == 404


def test_a_mapping_is_renamed(as_user, make, saved):
    client, url = as_user(make.mona), f"/mappings/{saved.mapping_id}"

    answer = client.post(url, data={"save_as": "Customers"})

    assert answer.location == url
    assert "The mapping is now called “Customers”." in flat(client.get(url))


def test_a_name_that_cannot_be_used_comes_back(as_user, make, saved):
    answer = as_user(make.mona).post(f"/mappings/{saved.mapping_id}", data={"save_as": " "})

    assert answer.status_code == 422
    assert "Enter a name of at most 80 characters." in flat(answer)


def test_a_mapping_is_retired_and_brought_back(as_user, make, saved):
    client, url = as_user(make.mona), f"/mappings/{saved.mapping_id}"

    client.post(f"{url}/retirement")
    assert "No saved mappings yet" in flat(client.get("/mappings"))
    client.post(f"{url}/retirement", data={"back": "yes"})

    assert "ERP" in flat(client.get("/mappings"))


def test_a_mapping_that_lost_its_name_meanwhile_is_not_brought_back(as_user, make, saved):
    client, url = as_user(make.mona), f"/mappings/{saved.mapping_id}"
    client.post(f"{url}/retirement")
    saved_mappings.save(made.start(make), "ERP", MAPPING, by=make.mona)

    answer = client.post(f"{url}/retirement", data={"back": "yes"})

    assert answer.status_code == 422
    assert "Another mapping of this source has this name." in flat(answer)


def test_there_is_no_mapping_that_is_none(as_user, make):
    assert as_user(make.mona).get("/mappings/99").status_code == 404
