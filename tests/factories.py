"""People and records to test with, written by a session of their own, never alone."""

from __future__ import annotations

from functools import cache
from itertools import count
from secrets import token_hex
from typing import Any, TypeVar

from flask_security.utils import hash_password
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crmapp.db import db, session, utcnow
from crmapp.db.session import WRITE, writing
from crmapp.domain.fields import CUSTOM
from crmapp.domain.permissions import Role
from crmapp.models import (
    Account,
    Activity,
    Contact,
    CustomField,
    Delivery,
    ExternalIdentity,
    PickList,
    PickListValue,
    Run,
    Stamp,
    Team,
    User,
    Webhook,
)
from crmapp.services import webhook_secrets
from crmapp.services.engine import CODE_VERSION
from tests.support.columns import derived

Model = TypeVar("Model")
PASSWORD = "a-long-enough-passphrase"


@cache
def password_hash() -> str:
    """Return the hash of :data:`PASSWORD`, made once because making it is slow on purpose."""
    return str(hash_password(PASSWORD))


class Make:
    """Makes rows and returns them as the test's own session sees them.

    Two reps share no team: bob is in *North*, mallory in *South*. The first account that a test
    makes is accompanied by accounts of mallory, of nobody and of the dead, so that a forgotten
    filter shows.
    """

    def __init__(self) -> None:
        self._people: dict[str, int] = {}
        self._numbers = count(1)
        self._accompanied = False

    # --- people ---------------------------------------------------------------------------------

    @property
    def alice(self) -> User:
        """She administers."""
        return self._person("alice", Role.ADMIN)

    @property
    def ivan(self) -> User:
        """He implements: connections, mappings, runs."""
        return self._person("ivan", Role.IMPLEMENTER)

    @property
    def mona(self) -> User:
        """She manages: sees and edits all."""
        return self._person("mona", Role.MANAGER)

    @property
    def bob(self) -> User:
        """He sells, in team North."""
        return self._person("bob", Role.REP, team="North")

    @property
    def mallory(self) -> User:
        """She sells elsewhere, in team South."""
        return self._person("mallory", Role.REP, team="South")

    @property
    def carol(self) -> User:
        """She reads."""
        return self._person("carol", Role.VIEWER)

    def _person(self, name: str, role: Role, team: str | None = None) -> User:
        if name not in self._people:
            teams = [] if team is None else [Team(name=team)]
            self._people[name] = self.user(name, role, teams=teams).id
        return _seen(User, self._people[name])

    def user(self, name: str, role: Role | str = Role.REP, **values: Any) -> User:
        email = values.pop("email", f"{name}@crm.example")
        made = User(email=email, name=name.title(), password=password_hash(), role=role, **values)
        return _kept(made)

    # --- records --------------------------------------------------------------------------------

    def account(self, name: str = "", **values: Any) -> Account:
        """Make an account; unowned unless ``owner_id`` or ``team_id`` says otherwise."""
        if not self._accompanied:
            self._accompanied = True
            self._account("Elsewhere Engines", owner_id=self.mallory.id)
            self._account("Everybody's Elevators")
        return self._account(name or f"Account {next(self._numbers)}", **values)

    def _account(self, name: str, **values: Any) -> Account:
        values["name"] = name
        return _kept(Account(**values, **derived("account", values)))

    def customer(self, account: Account, key: str) -> ExternalIdentity:
        """Say that ``account`` is the customer ``key`` of the Sales database."""
        known = {"system": "dataset:sales", "object": "customers", "external_id": key}
        return _kept(ExternalIdentity(**known, account_id=account.id))

    def contact(self, account: Account, last_name: str = "Doe", **values: Any) -> Contact:
        values |= {"account_id": account.id, "last_name": last_name}
        return _kept(Contact(**values, **derived("contact", values)))

    def activity(self, account: Account, subject: str = "Called", **values: Any) -> Activity:
        values = {"kind": "call", **values, "account_id": account.id, "subject": subject}
        return _kept(Activity(**values, **derived("activity", values)))

    def pick_list(self, code: str, **values: Any) -> PickList:
        labels = {"label_en": code.title(), "label_fr": code.title()}
        return _kept(PickList(**{**labels, "code": code, **values}))

    def value(self, list_code: str, code: str = "", **values: Any) -> PickListValue:
        code = code or f"value_{next(self._numbers)}"
        labels = {"label_en": code.title(), "label_fr": code.title(), "position": 99}
        return _kept(PickListValue(**{**labels, "list_code": list_code, "code": code, **values}))

    # --- fields ---------------------------------------------------------------------------------

    def field(self, label: str, *, retired: bool = False, **values: Any) -> CustomField:
        """Make a custom field of accounts, or change the one with this label."""
        assert not writing(), "make fields before unit_of_work(): its lock would be waited for"
        values = self.field_values(label, retired_at=utcnow() if retired else None, **values)
        name = CUSTOM + label.lower().replace(" ", "_")
        with Session(db.engine) as own:
            own.connection(execution_options={WRITE: True})
            made = own.scalar(select(CustomField).where(CustomField.name == name))
            made = made or CustomField(object="account", name=name)
            for each, value in values.items():
                setattr(made, each, value)
            own.add(made)
            own.execute(update(Stamp).values(word=token_hex()))
            own.flush()
            identity = made.id
            own.commit()
        session.rollback()
        return _seen(CustomField, identity)

    def field_values(self, label: str, **values: Any) -> dict[str, Any]:
        """Return the columns of a custom field, its name apart."""
        words = {"label_en": label, "label_fr": label, "group_en": "More", "group_fr": "Plus"}
        return {**words, "kind": "text", **values}

    # --- work -----------------------------------------------------------------------------------

    def run(self, **values: Any) -> Run:
        defaults = {"kind": "upsert", "lock_key": f"test:{next(self._numbers)}"}
        return _kept(Run(**{**defaults, "code_version": CODE_VERSION, **values}))

    def message(self, **values: Any) -> Delivery:
        """Make a message of a webhook, and the webhook."""
        told = {"events": ["account.created"], "fields": [], "url": "https://8.8.8.8/in"}
        hook = _kept(Webhook(name="Hub", secrets=webhook_secrets.fresh()[1], **told))
        return _kept(Delivery(**{"webhook_id": hook.id, "kind": "ping", **values}))

    def again(self, model: type[Model], identity: int) -> Model:
        """Read a row afresh."""
        session.rollback()
        return _seen(model, identity)


def _kept(row: Model) -> Model:
    """Write ``row`` in a transaction of its own."""
    assert not writing(), "make rows before unit_of_work(): its lock would be waited for"
    with Session(db.engine) as own:
        own.connection(execution_options={WRITE: True})
        own.add(row)
        own.flush()
        identity: int = row.id  # type: ignore[attr-defined]  # every model here has one
        own.commit()
    session.rollback()
    return _seen(type(row), identity)


def _seen(model: type[Model], identity: int) -> Model:
    found = session.get(model, identity)
    assert found is not None
    return found
