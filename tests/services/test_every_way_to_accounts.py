"""Whichever way leads to accounts, a person meets those that are hers to see, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle, product
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.days import Today
from crmapp.domain.permissions import Right
from crmapp.domain.plan import Planned
from crmapp.errors import Forbidden, NotFound
from crmapp.models import Account, Activity, Contact, ExternalIdentity, Team, User
from crmapp.services import (
    account_glance,
    account_links,
    account_list,
    account_locations,
    accounts,
    activities,
    bulk_edits,
    calendars,
    contact_list,
    contacts,
    day,
    grids,
    palette,
    plans,
    record_exports,
    team_days,
    view_questions,
)
from crmapp.services.account_question import Question
from crmapp.services.account_sets import Chosen
from tests.conftest import NOW
from tests.support import reach_oracle
from tests.support.bulk import plan
from tests.support.columns import derived
from tests.support.reach_oracle import Person, Place

pytestmark = pytest.mark.usefixtures("clock")
SOME = [
    None, [], ["team"], ["territory"], ["unowned"], ["team", "territory"], ["team", "unowned"],
    ["territory", "unowned"], ["team", "territory", "unowned"], ["all"],
]  # fmt: skip
GROUP = 5
"""So many accounts are called alike: fewer than the palette shows."""
ALL = Question(size=500)
SALES = SimpleNamespace(name="sales", accounts="customers")


class World:
    """People of each role with each restriction, and accounts that are somebody's in each way."""

    def __init__(self, make) -> None:
        self.today = Today(NOW, utcnow().tzinfo)
        self.people = list(self._people(make))
        self.places = list(self._accounts())
        self.ids = [each.id for each in self.places]
        own = select(Contact.id, Contact.account_id)
        self.contacts = dict(session.execute(own).all())
        nobodys = select(Activity.id, Activity.account_id).where(Activity.owner_id.is_(None))
        self.unowned = dict(session.execute(nobodys).all())
        self.groups = sorted({f"group{number // GROUP:02}" for number in range(len(self.ids))})

    def _people(self, make):
        teams = [make.bob.teams[0].id, make.mallory.teams[0].id]
        hers = cycle([[], teams[:1], teams[1:], teams])
        lands = cycle([["north"], [], ["south"], ["north", "south"], ["north"]])
        edits = cycle([*SOME[3:], *SOME[:2]])
        asked = [*product(("rep", "manager", "viewer", "implementer"), SOME), ("admin", [])]
        with unit_of_work():
            for number, (role, sees) in enumerate([*asked, ("rep", ["all"])]):
                said = {"sees": sees, "edits": next(edits), "territories": next(lands)}
                mine, active = next(hers), number <= len(asked) - 1
                user = User(
                    email=f"p{number}@crm.example", name=f"P{number}", role=role, active=active,
                    teams=[session.get_one(Team, each) for each in mine], **said,
                )  # fmt: skip
                session.add(user)
                session.flush()
                yield Person(user.id, role, active, mine, **said)

    def _accounts(self):
        teams = [None, *sorted({each for person in self.people for each in person.teams})]
        owners = cycle(person.id for person in self.people)
        ways = [
            *product((None, "somebody", "somebody"), teams, (None, "north", "south")),
            *[("somebody", None, None)] * len(self.people),
        ]
        gone = [("somebody", teams[1], "north"), (None, None, None), (None, teams[2], "south")]
        with unit_of_work():
            for number, (owner, team, territory) in enumerate([*ways, *gone]):
                owner_id = next(owners) if owner else None
                deleted = number >= len(ways)
                id_ = self._account(number, owner_id, team, territory, deleted)
                yield Place(id_, owner_id, team, territory, deleted)

    def _account(self, number, owner_id, team_id, territory, deleted):
        group = f"Group{number // GROUP:02}"
        values = {
            "name": f"{group} Acme {number}", "number": f"N{number}",
            "location": f"{group} {number}",
            "owner_id": owner_id, "team_id": team_id, "territory": territory,
        }  # fmt: skip
        gone = utcnow() if deleted else None
        account = Account(**values, deleted_at=gone, **derived("account", values))
        session.add(account)
        session.flush()
        own = {"account_id": account.id, "last_name": f"{group} Doe {number}"}
        session.add(Contact(**own, **derived("contact", own)))
        session.add(
            ExternalIdentity(
                system="dataset:sales",
                object="customers",
                external_id=str(account.id),
                account_id=account.id,
            )
        )
        for owner in (None, *(person.id for person in self.people)):
            task = {"kind": "task", "subject": "Call", "owner_id": owner}
            due = self.today.now + timedelta(hours=1)
            held = {**task, "account_id": account.id, "happens_at": due, "status": "not_started"}
            session.add(Activity(**held, **derived("activity", held)))
        return account.id


@pytest.fixture
def world(make):
    make.value("territory", "north")
    make.value("territory", "south")
    return World(make)


def there(get: Callable[[int], object], ids) -> set[int]:
    """Return those of the records that can be had."""
    found = set()
    for each in ids:
        try:
            get(each)
        except (NotFound, Forbidden):
            continue
        found.add(each)
    return found


def all_contacts(by):
    asked, found = contact_list.Asked(), set()
    while True:
        page = contact_list.page(asked, by=by)
        found |= {row.account_id for row in page.rows}
        if not page.later:
            return found
        asked = contact_list.Asked(after=page.rows[-1].id)


def exported(object_, by):
    asked = record_exports.asked(object_, "csv", (), by=by)
    found = record_exports.small(asked, "", record_exports.headings_of(object_), by=by)
    return {int(row[1 if object_ == "contact" else 0]) for row in found.rows}


def of_groups(world, find, by):
    return {hit.account_id for group in world.groups for hit in find(group, by=by)}


def in_locations(world, by):
    found = [account_locations.known(group, by=by)[0] for group in world.groups]
    return {world.ids[int(place.split()[1])] for places in found for place in places}


def on_her_day(world, by):
    return {
        row.account_id
        for name in day.SECTIONS
        for row in day.part(name, by, world.today, by=by, most=1_000).rows
    }


def in_her_calendar(by):
    session.rollback()
    whole = calendars.written(by).replace(b"\r\n ", b"")  # long lines go on in the next one
    return {int(each) for each in re.findall(rb"/accounts/(\d+)/timeline", whole)}


def planned(world, by):
    """Return the accounts that a plan of many would change, of all, by their ids."""
    try:
        edit = bulk_edits.setting("phone", "555 123", by=by)
        run = plan(Chosen(tuple(world.ids)), edit, by)
    except Forbidden:
        return set()
    found, page, count = set(), 0, run.counts.get("update", 0)
    while len(found) < count:
        page += 1
        rows = plans.rows(run, Planned.UPDATE, page, by=by, locale="en").rows
        found |= {row.planned.record_id for row in rows}
        assert page <= count
    return found


def in_figures(world, by):
    keys = grids.restriction_for(by, SALES)
    return set(world.ids) if keys is None else {int(each) for each in keys}


WAYS = {
    "list": lambda world, by: {row.id for row in account_list.page(ALL, by=by).rows},
    "file of the list": lambda world, by: {
        row.id for row in account_list.everything(Question(), by=by)
    },
    "search": lambda world, by: {
        row.id for row in account_list.page(Question(words="acme", size=500), by=by).rows
    },
    "bulk selection": lambda world, by: set(
        account_list.ids_after(Question(), 0, 1_000, by=by)
    ),
    "palette": lambda world, by: of_groups(world, palette.find_accounts, by),
    "contacts in the palette": lambda world, by: of_groups(world, palette.find_contacts, by),
    "recently opened": lambda world, by: {
        hit.account_id for hit in palette.accounts(world.ids, by=by)
    },
    "typed numbers": lambda world, by: set(
        account_links.meant([f"N{n}" for n in range(len(world.ids))], by=by).values()
    ),
    "locations": in_locations,
    "record": lambda world, by: there(lambda each: accounts.get(each, by=by), world.ids),
    "contacts": lambda world, by: all_contacts(by),
    "export of accounts": lambda world, by: exported("account", by),
    "export of contacts": lambda world, by: exported("contact", by),
    "my day": on_her_day,
    "calendar": lambda world, by: in_her_calendar(by),
}  # fmt: skip
"""Ways to accounts: each returns the ids of those that it leads a person to."""
COUNTS = {
    "count": lambda world, by: account_list.count(ALL, by=by)[0],
    "bulk count": lambda world, by: Chosen(everything=True).count(by=by),
    "count of contacts": lambda world, by: contact_list.count(contact_list.Asked(), by=by)[0],
    "count of a view": lambda world, by: view_questions.count("", by=by)[0],
}
CHANGES = {
    "account": lambda world, by: there(lambda each: accounts.need_editable(each, by=by), world.ids),
    "list of contacts": lambda world, by: accounts.editable_among(world.ids, by=by),
    "glance": lambda world, by: {
        each
        for each in there(lambda each: accounts.get(each, by=by), world.ids)
        if account_glance.of(session.get_one(Account, each), by=by).editable
    },
    "contact": lambda world, by: {
        world.contacts[each]
        for each in there(lambda each: contacts.need_editable(each, by=by), world.contacts)
    },
    "activity": lambda world, by: {
        world.unowned[each]
        for each in there(lambda each: activities.need_editable(each, by=by), world.unowned)
    },
    "bulk plan": lambda world, by: planned(world, by),
}
"""Ways to change accounts and what belongs to them, as :data:`WAYS`."""
AT_LEAST = 10_000


def everybody(world):
    for person in world.people:
        session.rollback()
        yield person, session.get_one(User, person.id)


def test_each_way_leads_to_what_she_sees_and_to_nothing_else(world):
    tried, wrong = 0, []
    for person, by in everybody(world):
        expected = {each.id for each in world.places if reach_oracle.sees(person, each)}
        if not person.active:
            assert expected == set()
            continue
        for name, way in WAYS.items():
            found = way(world, by) & set(world.ids)
            wrong += [(name, person, each) for each in found ^ expected]
            tried += len(world.ids)
        for name, way in COUNTS.items():
            tried += len(world.ids)
            if way(world, by) != len(expected):
                wrong.append((name, person, way(world, by)))

    assert wrong == []
    assert tried >= AT_LEAST


def test_she_changes_what_is_hers_to_change_and_nothing_else(world):
    tried, wrong = 0, []
    for person, by in everybody(world):
        expected = {each.id for each in world.places if reach_oracle.changes(person, each)}
        for name, way in CHANGES.items():
            if name in ("contact", "activity") and not by.can(Right.CONTACT_EDIT):
                continue
            found = way(world, by)
            wrong += [(name, person, each) for each in found ^ expected]
            tried += len(world.ids)

    assert wrong == []
    assert tried >= AT_LEAST


def test_figures_and_deleted_accounts_are_those_of_what_she_sees(world):
    for person, by in everybody(world):
        expected = {each.id for each in world.places if reach_oracle.sees(person, each)}
        figures = in_figures(world, by)
        assert figures & expected == expected if by.sees_all else figures == expected
        question = Question(deleted=True, size=100)
        gone = {row.id for row in account_list.page(question, by=by).rows}
        restores = by.can(Right.ACCOUNT_DELETE)
        assert gone == {
            each.id
            for each in world.places
            if restores and reach_oracle.sees(person, each, deleted=True)
        }


def test_a_team_is_counted_as_far_as_its_manager_sees_its_accounts(world):
    whose = world.people[0].id
    for person, by in everybody(world):
        if by.can(Right.ACCOUNT_EDIT_ALL):
            expected = sum(reach_oracle.sees(person, each) for each in world.places)
            found = {each.id: each.open for each in team_days.standings(world.today, by=by)}
            assert found.get(whose, 0) == expected


def test_the_pages_of_an_account_open_for_those_who_see_it(world, as_user):
    tabs = ("", "/timeline", "/contacts", "/edit")
    for person, by in everybody(world):
        if person.role not in ("rep", "manager") or len(person.sees or ()) != 1 or not by.active:
            continue
        client = as_user(by)
        for place in world.places[person.id % 7 :: 11]:
            answers = [client.get(f"/accounts/{place.id}{tab}").status_code for tab in tabs]
            seen = 200 if reach_oracle.sees(person, place) else 404
            changed = 200 if reach_oracle.changes(person, place) else 403
            assert answers == [seen, seen, seen, changed if seen == 200 else 404]
