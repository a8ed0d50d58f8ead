"""An undo leaves alone what a source of customers keeps, but for what its own run wrote."""

from __future__ import annotations

from typing import Any

import pytest

from crmapp.domain.changes import Reason
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.reasons import SENTENCES
from crmapp.models import Account, Run
from crmapp.services import receipts, runs
from tests.factories import Make
from tests.support.feeds import Erp, customer, feed, living, mapping, source
from tests.support.upserts import MAPPING, carry_out, edit, plan, take_back

KEPT = FieldMapping({"name": "name", "number": "code", "phone": "phone"})
BULK = FieldMapping({**MAPPING.columns, "fax": "fax", "location": "place"})


@pytest.fixture
def erp() -> Erp:
    return Erp([customer(1)])


def row(phone: str, fax: str = "", place: str = "") -> dict[str, dict[str, str]]:
    cells = {"code": "C1", "name": "Customer 1", "phone": phone, "fax": fax, "place": place}
    return {"C1": cells}


def kept_by(make: Make, erp: Erp) -> int:
    made = mapping(make, content=Content((FedBy(source(make, erp), KEPT),)))
    feed(make, made)
    return made


def account() -> Account:
    return living(number="C1")[0]


def said_by(make: Make, run: Run) -> tuple[Reason, dict[str, Any]]:
    """Return why the one row that was not wholly taken back was not, with the labels it names."""
    (said,) = receipts.left_out(run, by=make.mona)
    (reason,) = (each for each, text in SENTENCES.items() if text == said.reason.text)
    named = {"fields": [], "theirs": [], **said.reason.params}
    labels = {each: [str(label) for label in named[each]] for each in ("fields", "theirs")}
    return reason, {"source": named["source"], **labels}


def an_import_before_the_feed(make: Make, *fields: str) -> Run:
    """An import that gave C1 its phone, and a fax; since then an ERP says the same phone."""
    make.account("Customer 1", number="C1", phone="111 111")
    return carry_out(make, plan(make, row("555 123", *fields), BULK))


@pytest.mark.database
def test_what_a_source_says_now_too_stays_and_the_rest_goes_back(make: Make, erp: Erp) -> None:
    done = an_import_before_the_feed(make, "222 222")
    kept_by(make, erp)

    undoing = take_back(make, done)

    assert (account().phone, account().fax) == ("555 123", None)
    kept = {"source": "Our ERP", "fields": ["Phone"], "theirs": []}
    assert said_by(make, undoing) == (Reason.KEPT_BY_SOURCE, kept)
    assert runs.receipt_of(undoing).balances


def test_a_row_of_which_a_source_keeps_all_is_skipped(make: Make, erp: Erp) -> None:
    an_import_before_the_feed(make)
    second = carry_out(make, plan(make, row("777 777"), BULK))
    erp.rows[0] = customer(1, phone="777 777")
    kept_by(make, erp)

    undoing = take_back(make, second)

    assert undoing.done == {"skipped": 1}
    assert account().phone == "777 777"


def test_what_people_changed_since_is_said_beside_what_a_source_keeps(make: Make, erp: Erp) -> None:
    done = an_import_before_the_feed(make, "222 222", "Lyon")
    kept_by(make, erp)
    edit(make, account(), fax="333 333")

    undoing = take_back(make, done)

    assert (account().phone, account().fax, account().location) == ("555 123", "333 333", None)
    kept = {"source": "Our ERP", "fields": ["Fax"], "theirs": ["Phone"]}
    assert said_by(make, undoing) == (Reason.EDITED_OR_KEPT, kept)


@pytest.mark.database
def test_a_feed_gives_back_what_it_wrote_and_its_undo_takes_it_again(make: Make, erp: Erp) -> None:
    rule = kept_by(make, erp)
    erp.rows[0] = customer(1, phone="777 777")
    done = feed(make, rule)
    assert done is not None

    undoing = take_back(make, done)
    given_back = account().phone
    take_back(make, undoing)

    assert (given_back, account().phone) == ("555 123", "777 777")


def test_a_feed_leaves_alone_what_the_mapping_before_it_keeps(make: Make, erp: Erp) -> None:
    make.account("Customer 1", number="C1", phone="111 111")
    erp.rows = []
    first = kept_by(make, erp)
    fed = FedBy(source(make, Erp([customer(1)]), "The second ERP"), KEPT)
    done = feed(make, mapping(make, content=Content((fed,)), name="Second"))
    assert done is not None
    erp.rows = [customer(1)]
    feed(make, first)

    undoing = take_back(make, done)

    assert account().phone == "555 123"
    assert said_by(make, undoing)[0] is Reason.KEPT_BY_SOURCE
