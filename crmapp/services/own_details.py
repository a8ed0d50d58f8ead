"""How each person has arranged what Salesforce holds of accounts: for herself and nobody else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update

from crmapp.connectors.port import RemoteField
from crmapp.db import session, unit_of_work
from crmapp.domain.arrangement import Arrangement
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import User
from crmapp.services import integrations, remote_fields
from crmapp.services.account_details import Details


@dataclass(frozen=True)
class Line:
    """A detail that an administrator chose; ``field`` is None if Salesforce has it no more."""

    name: str
    field: RemoteField | None
    shown: bool

    @property
    def label(self) -> str:
        return self.field.called if self.field else self.name


def applied(details: Details, *, by: User) -> Details:
    """Return ``details`` as ``by`` has arranged them: no statement is needed for it."""
    if by.own_details is None:
        return details
    hers = Arrangement.from_json(by.own_details)
    known = {each.key: each for each in details.details}
    wanted = [name for name in hers.sort(list(known)) if name not in hers.hidden]
    arranged = tuple(known[name] for name in wanted)
    return replace(details, details=arranged, hidden=len(known) - len(arranged))


def lines(*, by: User) -> tuple[Line, ...]:
    """Return all details that there are, as ``by`` has arranged them."""
    hers = Arrangement.from_json(by.own_details)
    names = hers.sort(integrations.options().detail_fields)
    return lines_of(names, [name for name in names if name not in hers.hidden])


def lines_of(order: Sequence[str], shown: Collection[str]) -> tuple[Line, ...]:
    """Return the details as somebody would like to have them, who did not save it yet.

    Names that are no details, or not any more, are left out; those that she did not know are last.
    """
    arranged = Arrangement(tuple(order))
    described = remote_fields.known()
    return tuple(
        Line(name, described.field(name) if described else None, name in shown or name not in order)
        for name in arranged.sort(integrations.options().detail_fields)
    )


def keep(order: Sequence[str], shown: Collection[str], *, by: User) -> None:
    """Keep in which order ``by`` wants to see the details, and which of them at all.

    Raises:
        Invalid: a name is no detail, or not any more, or it is there twice.
    """
    person, hers = by.id, Arrangement(tuple(order), frozenset(order) - set(shown))
    with unit_of_work():
        names = integrations.options().detail_fields
        if len(set(order)) < len(order) or not {*order, *shown} <= set(names):
            raise Invalid(
                {"": N_("An administrator has changed the details meanwhile. Look at them again.")}
            )
        as_chosen = not hers.hidden and tuple(hers.sort(names)) == names
        _write(person, None if as_chosen else hers.as_json())


def reset(*, by: User) -> None:
    """Let ``by`` see the details as the administrator has arranged them, from now on."""
    person = by.id
    with unit_of_work():
        _write(person, None)


def _write(person: int, arrangement: dict[str, Any] | None) -> None:
    session.execute(update(User).where(User.id == person).values(own_details=arrangement))
