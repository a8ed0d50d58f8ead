"""The demo comes with one command and goes with one, and takes nobody else's work with it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.errors import CRMError
from crmapp.models import Account, Change, Contact, ExternalIdentity, Run, User
from crmapp.services import account_sales, contacts, demo, run_list
from tests.factories import Make


def count(model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_demo_is_what_its_pages_promise(make: Make) -> None:
    demo.load()
    alice = session.scalars(select(User).where(User.email == "alice@demo.example")).one()
    (run,) = run_list.recent(by=alice)
    assert (run.status, run.done) == ("done", {"created": 60})
    assert count(Account) == 63
    assert count(Contact) == 60


def test_a_demo_rep_sees_the_figures_of_her_customers(make: Make) -> None:
    demo.load()
    rita = session.scalars(select(User).where(User.email == "rita@demo.example")).one()
    customers = select(Account).where(Account.owner_id == rita.id, Account.number != "")
    mine = session.scalars(customers).all()
    assert account_sales.of(mine[0].id, by=rita)[0]


def test_the_demo_is_loaded_once(make: Make) -> None:
    demo.load()
    with pytest.raises(CRMError):
        demo.load()


def test_removing_the_demo_leaves_nothing_of_it(make: Make) -> None:
    before = [count(model) for model in (User, Account)]
    demo.load()
    assert demo.remove() == 0
    assert [count(model) for model in (User, Account)] == before
    assert [count(model) for model in (Change, Run, ExternalIdentity)] == [0, 0, 0]


def test_removing_the_demo_keeps_what_somebody_else_added_to(make: Make) -> None:
    alice = make.alice
    demo.load()
    account = session.scalars(select(Account).where(Account.number == "C001")).one()
    contacts.add(account.id, {"last_name": "Real"}, by=alice, key=None)
    assert demo.remove() == 1
    assert session.get(Account, account.id) is not None
