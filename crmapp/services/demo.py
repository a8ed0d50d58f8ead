"""The demo: a distributor of scale models, its people, and half of its customers as accounts.

The accounts come in on the same road as everybody's: a run over the Sales database. Whatever the
demo's people made can be taken away again in one command.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from crmapp.analytics.query import Question
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.permissions import Role
from crmapp.errors import CRMError
from crmapp.i18n import N_
from crmapp.models import Account, Activity, Change, Contact, Team, User
from crmapp.services import (
    datasets,
    demo_connections,
    erasure,
    grids,
    records,
    runs,
    selections,
    upserts,
    users,
)

PASSWORD = "demo-crmapp-2026"  # noqa: S105  (printed for everybody who tries the demo)
PEOPLE: Sequence[tuple[str, str, Role, str | None]] = (
    ("alice", "Alice Admin", Role.ADMIN, None),
    ("ivan", "Ivan Implementer", Role.IMPLEMENTER, None),
    ("mona", "Mona Manager", Role.MANAGER, None),
    ("rita", "Rita Rep", Role.REP, "Europe"),
    ("ron", "Ron Rep", Role.REP, "Americas"),
    ("vera", "Vera Viewer", Role.VIEWER, None),
)
DATASETS = ("sales", "superstore")
_ACCOUNTS = 60  # of the 92 customers; the others are there to be added from the grid
_MAPPING = FieldMapping(
    {
        "name": "name",
        "number": "code",
        "phone": "phone",
        "billing_street": "address",
        "billing_city": "city",
        "billing_state": "state",
        "billing_postal_code": "postal_code",
        "billing_country": "country",
        "location": "city",
        "territory": "territory",
    }
)
_PROSPECTS = ("Łódź Model Railways", "Baie d'Hudson Miniatures", "Kobenhavn Toy Market")
_AMERICAS = ("USA", "Canada")
_EUROPE = ("France", "Spain", "Germany", "Italy", "Belgium")
_FORM = {"kind": "form"}
_ROLES = (
    ["decision_maker"],
    ["decision_maker", "purchasing"],
    ["purchasing"],
    ["accounts_payable"],
    ["accounts_payable", "receiving"],
    None,
)
_BILLED = (("C010", "C001"), ("C019", "C001"), ("C028", "C001"), ("C033", "C002"))
"""Who is billed to whom, by their numbers."""
_SUPPLIED = (("C019", "C001"), ("C037", "C003"))
_TITLES = ("director", "manager", "salesperson", "accounts", "sales_manager")
_SUBJECTS = (
    ("call", "Asked about the new catalogue", "follow_up"),
    ("call", "First call", "initial_call"),
    ("call", "Quotation for the classic cars", "quotation"),
    ("meeting", "Visit with the sales figures of the year", None),
    ("task", "Send the price list", None),
    ("note", "Closed on Mondays", None),
)


def is_loaded() -> bool:
    """Say whether the demo's people are here."""
    return bool(session.scalar(select(func.count()).where(User.is_demo)))


def load() -> None:
    """Load the demo: people, the databases, accounts, contacts and activities.

    Raises:
        CRMError: it is loaded already.
    """
    if is_loaded():
        raise CRMError(N_("The demo is loaded already."))
    for name in DATASETS:
        datasets.refresh(name)
    _add_people()
    alice = _person("alice")
    run_id = _add_accounts(alice)
    _add_prospects(_person("rita"))
    _assign(run_id)
    _relate(run_id)
    _add_contacts_and_activities(run_id)


def administrator() -> User:
    """Return the demo's administrator."""
    return _person("alice")


def _add_people() -> None:
    for login, name, role, team in PEOPLE:
        user_id = users.add(
            name=name,
            email=f"{login}@demo.example",
            role=role,
            password=PASSWORD,
            teams=[team] if team else [],
            by=None,
        )
        with unit_of_work():
            session.get_one(User, user_id).is_demo = True


def _person(login: str) -> User:
    return session.scalars(select(User).where(User.email == f"{login}@demo.example")).one()


def _add_accounts(by: User) -> int:
    """Add two thirds of the customers by a run, worked on here and now."""
    dataset = datasets.get("sales")
    question = Question.from_args(dataset, "customers", {"activity": "all"})
    keys = [f"C{number:03}" for number in range(1, _ACCOUNTS + 1)]
    chosen = question.change(selection=selections.change(question, by=by, add=keys))
    source = grids.source(chosen, by=by)
    run_id = upserts.start(source, title=source["titles"]["en"], by=by, key=None, why="Demo")
    upserts.plan_later(run_id, _MAPPING, confirmed=None, by=by)
    runs.work(run_id)
    planned = runs.get(run_id, by=by)
    upserts.run_later(run_id, plan_hash=planned.plan_hash or "", key=None, by=by)
    runs.work(run_id)
    return run_id


def _add_prospects(by: User) -> None:
    for name in _PROSPECTS:
        with unit_of_work():
            values = {"name": name, "active": True, "owner_id": by.id, "account_type": "prospect"}
            records.create(Account, values, by=by, source=_FORM)


def _assign(run_id: int) -> None:
    """Give accounts to the reps by country, and let some values age so that updates show."""
    owners = {"Americas": _person("ron"), "Europe": _person("rita")}
    teams = {team.name: team.id for team in session.scalars(select(Team))}
    by = _person("mona")
    for number, account in enumerate(_accounts_of(run_id)):
        country = account.billing_country
        team = "Americas" if country in _AMERICAS else "Europe" if country in _EUROPE else None
        values: dict[str, object] = {"payment_status": "overdue" if number % 9 == 4 else "current"}
        if team is not None:
            values |= {"owner_id": owners[team].id, "team_id": teams[team]}
        if number % 5 == 2:
            values["phone"] = f"+1 555 01{number % 100:02}"
        account_id, version = account.id, account.version
        with unit_of_work():
            records.update(Account, account_id, values, version=version, by=by, source=_FORM)


def _relate(run_id: int) -> None:
    """Let some accounts be billed and supplied through others."""
    ids = {account.number: account.id for account in _accounts_of(run_id)}
    by = _person("mona")
    for name, pairs in (("bill_to_id", _BILLED), ("ship_to_id", _SUPPLIED)):
        for number, to in pairs:
            with unit_of_work():
                values = {name: ids[to]}
                records.update(Account, ids[number], values, version=None, by=by, source=_FORM)


def _add_contacts_and_activities(run_id: int) -> None:
    names = _contact_names()
    dice = random.Random(2026)  # noqa: S311  (a demo, the same every time)
    for account in _accounts_of(run_id):
        first, _space, last = names.get(account.number or "", "").partition(" ")
        by = session.get(User, account.owner_id or 0) or _person("mona")
        person = {
            "account_id": account.id,
            "first_name": first,
            "last_name": last or first or account.name,
            "job_title": dice.choice(_TITLES),
            "roles": _ROLES[account.id % len(_ROLES)],
            "phone": account.phone,
            "active": True,
        }
        with unit_of_work():
            contact_id = records.create(Contact, person, by=by, source=_FORM)
            primary = {"primary_contact_id": contact_id}
            account_id = account.id
            records.update(Account, account_id, primary, version=None, by=by, source=_FORM)
            for values in _activities(dice):
                values |= {"account_id": account_id, "contact_id": contact_id, "owner_id": by.id}
                records.create(Activity, values, by=by, source=_FORM)


def _contact_names() -> dict[str, str]:
    """Return each customer's contact, by the customer's code."""
    engine = datasets.engine_for("sales")
    question = Question.from_args(engine.dataset, "customers", {"activity": "all"})
    return {row.key: str(row.values["contact"] or "") for row in engine.rows(question, limit=200)}


def _activities(dice: random.Random) -> list[dict[str, Any]]:
    """Make up to three activities of the last two months and the next ten days."""
    found = []
    for kind, subject, call_type in dice.sample(_SUBJECTS, dice.randint(0, 3)):
        happens = utcnow() - timedelta(days=dice.randint(-10, 60), hours=dice.randint(0, 9))
        found.append(
            {
                "kind": kind,
                "subject": subject,
                "call_type": call_type,
                "status": {"meeting": "completed", "task": "not_started"}.get(kind),
                "happens_at": happens.replace(minute=0, second=0, microsecond=0),
            }
        )
    return found


def _accounts_of(run_id: int) -> list[Account]:
    made = select(Change.record_id).where(Change.run_id == run_id, Change.object == "account")
    return list(session.scalars(select(Account).where(Account.id.in_(made)).order_by(Account.id)))


def remove() -> int:
    """Take the demo away again: its people, and the accounts that nobody else touched.

    Accounts that somebody else changed, or added a contact or an activity to, stay; their number
    is returned. A demo person whom something still refers to is let go instead of deleted.

    Raises:
        CRMError: the demo is not loaded.
    """
    if not is_loaded():
        raise CRMError(N_("The demo is not loaded."))
    with unit_of_work():
        people = list(session.scalars(select(User.id).where(User.is_demo)))
        made = erasure.accounts_made_by(people)
        alone = erasure.touched_only_by(people, made)
        erasure.erase_accounts(alone)
        demo_connections.forget(people)
        erasure.erase_people(people)
    return len(made) - len(alone)
