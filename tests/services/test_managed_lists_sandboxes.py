"""Every managed list goes from the pretend Intacct to the pretend Salesforce, over their wires."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID
from crmapp.models import PickListValue, Run
from crmapp.services import connections, list_review, managed_lists, remotes
from tests.support.connections import connect, fault, pretended, rest, salesforce, xml
from tests.support.lists import work

INTERFACES = {"xml": xml, "rest": rest}


@pytest.fixture
def there(make, tmp_path: Path) -> Iterator[str]:
    """A pretend Salesforce that is connected; its address."""
    with pretended("salesforce", tmp_path / "there") as url:
        connect("salesforce", salesforce(url), by=make.alice)
        connections.check("salesforce", by=make.alice)
        yield url


@pytest.fixture
def source(make, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A pretend Intacct that is connected; its address."""
    with pretended("intacct", tmp_path / "source") as url:
        connect("intacct", INTERFACES[request.param](url), by=make.alice)
        connections.check("intacct", by=make.alice)
        yield url


def synchronized(code: str, make) -> Run:
    run = work(managed_lists.synchronize(code, by=make.alice), make)
    if run.status == "planned":
        seen = {"otherwise": list_review.DEACTIVATE, "plan_hash": run.plan_hash or ""}
        list_review.decide(run.id, {}, **seen, by=make.alice)
        run = work(run.id, make)
    return run


def here(code: str) -> dict[str, tuple[str, bool]]:
    session.rollback()
    query = select(PickListValue).where(
        PickListValue.list_code == MANAGED_LISTS[code].pick_list,
        PickListValue.external_id.is_not(None),
    )
    return {each.external_id or "": (each.label_en, each.active) for each in session.scalars(query)}


def in_salesforce(code: str) -> dict[str, tuple[str, bool]]:
    session.rollback()
    object_ = MANAGED_LISTS[code].salesforce_object
    with remotes.opened("salesforce") as connector:
        rows = [
            row
            for page in connector.read(object_, ["Name", VALUE_ID, VALUE_HIDDEN])
            for row in page.records
        ]
    return {row[VALUE_ID]: (row["Name"], not row[VALUE_HIDDEN]) for row in rows}


@pytest.mark.parametrize("source", INTERFACES, indirect=True)
def test_every_list_is_the_same_on_all_sides(make, source, there):
    found = {code: synchronized(code, make) for code in MANAGED_LISTS}

    assert {code: (run.status, run.error) for code, run in found.items()} == dict.fromkeys(
        MANAGED_LISTS, ("done", None)
    )
    for code in MANAGED_LISTS:
        assert here(code), code
        shown = in_salesforce(code)
        assert {key: shown[key] for key in here(code)} == here(code), code


@pytest.mark.parametrize("source", ["xml"], indirect=True)
def test_a_quota_that_is_used_up_ends_the_run_and_says_so(make, source, there):
    fault(there, kind="quota")

    run = synchronized("departments", make)

    assert run.status == "failed"
    assert "quota" in (run.error or "")
