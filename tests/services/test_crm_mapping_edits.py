"""CRM mappings are renamed, ordered, cut, given rules, and taken back to an older version."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.feeds import Content, Responsible
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import CrmMapping, FeedCursor, User
from crmapp.services import crm_mapping_edits as edits
from crmapp.services import crm_mappings
from tests.support.feeds import Erp, customer, feed, mapping, source

EDITS = {
    "arrange": lambda rule, by: edits.arrange(rule, [2, 1], version=1, by=by),
    "remove": lambda rule, by: edits.remove(rule, 1, version=1, by=by),
    "assign": lambda rule, by: edits.assign(rule, [], version=1, by=by),
    "restore": lambda rule, by: edits.restore(rule, 1, version=1, by=by),
    "rename": lambda rule, by: crm_mappings.rename(rule, "Other", by=by),
    "check_name": lambda rule, by: crm_mappings.check_name("Other", by=by),
}


@pytest.fixture
def left(make):
    return source(make, Erp([customer(1)]))


@pytest.fixture
def right(make):
    return source(make, Erp([customer(2)]), "Shop")


@pytest.fixture
def rule(make, left, right):
    return mapping(make, left, right)


def kept(rule):
    session.rollback()
    session.expire_all()
    return session.get_one(CrmMapping, rule)


def order_of(rule):
    return [fed.source_id for fed in Content.from_json(kept(rule).content).sources]


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_nobody_changes_one_without_the_right(make, rule, edit):
    with pytest.raises(Forbidden):
        edit(rule, make.bob)

    assert (kept(rule).version, kept(rule).name) == (1, "ERP")


def test_another_order_is_a_version_and_has_everything_read_anew(make, rule, left, right):
    feed(make, rule)

    edits.arrange(rule, [right], version=1, by=make.alice)

    assert order_of(rule) == [right, left]
    cursors = session.scalars(select(FeedCursor)).all()
    assert [cursor.whole_at for cursor in cursors] == [None, None]


def test_the_same_order_is_no_version(make, rule, left, right):
    edits.arrange(rule, [left, right], version=1, by=make.alice)

    assert kept(rule).version == 1


def test_the_last_source_stays(make, rule, left, right):
    edits.remove(rule, left, version=1, by=make.alice)

    with pytest.raises(Invalid) as refused:
        edits.remove(rule, right, version=2, by=make.alice)
    with pytest.raises(NotFound):
        edits.remove(rule, left, version=2, by=make.alice)

    assert "The last source stays." in str(refused.value.fields["sources"])
    assert order_of(rule) == [right]


def test_who_saw_another_version_is_refused(make, rule, left, right):
    edits.arrange(rule, [right, left], version=1, by=make.alice)

    with pytest.raises(Conflict) as refused:
        edits.assign(rule, [], version=1, by=make.alice)

    assert refused.value.version == 2


def test_an_older_version_comes_back_as_a_new_one(make, rule, left, right):
    edits.remove(rule, left, version=1, by=make.alice)

    edits.restore(rule, 1, version=2, by=make.alice)

    assert order_of(rule) == [left, right]
    assert kept(rule).version == 3
    assert crm_mappings.between(kept(rule), 1, 3) == []
    with pytest.raises(NotFound):
        edits.restore(rule, 9, version=3, by=make.alice)


def test_a_rule_that_is_wrong_names_its_cell_and_hinders_nothing_else(make, rule, left):
    gone = make.user("nina").id
    edits.assign(rule, [Responsible("territory", "NE", gone)], version=1, by=make.alice)
    with unit_of_work():
        session.get_one(User, gone).active = False

    with pytest.raises(Invalid) as own:
        edits.assign(rule, [Responsible("territory", "", gone)], version=2, by=make.alice)
    edits.remove(rule, left, version=2, by=make.alice)

    assert list(own.value.fields) == ["responsible.0.begins"]
    assert kept(rule).version == 3


def test_a_name_is_changed_and_no_version_made_unless_it_is_taken(make, rule, left):
    mapping(make, left, name="Other")

    crm_mappings.rename(rule, "  Our   customers ", by=make.alice)

    assert (kept(rule).name, kept(rule).version) == ("Our customers", 1)
    for name in ("Other", ""):
        with pytest.raises(Invalid):
            crm_mappings.rename(rule, name, by=make.alice)
        with pytest.raises(Invalid):
            crm_mappings.check_name(name, by=make.alice)
