"""What people said when they saved an account though others like it existed, from the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.duplicate_keys import Key
from crmapp.i18n import N_, Text
from crmapp.models import Account, Change, User

HAS: dict[Key, str] = {
    Key.TAX_ID: N_("“%(name)s” has the same tax id"),
    Key.PHONE: N_("“%(name)s” has the same phone number"),
    Key.EMAIL: N_("“%(name)s” has the same e-mail address"),
    Key.DOMAIN_NAME: N_("“%(name)s” has the same e-mail domain and a similar name"),
    Key.NEAR_NAME: N_("“%(name)s” is called nearly the same"),
    Key.NUMBER_ELSEWHERE: N_("“%(name)s” has the same number in another ERP company"),
    Key.WEBSITE: N_("“%(name)s” has the same website"),
}
HIDDEN_HAS: dict[Key, str] = {
    Key.TAX_ID: N_("an account that is not open to you has the same tax id"),
    Key.PHONE: N_("an account that is not open to you has the same phone number"),
    Key.EMAIL: N_("an account that is not open to you has the same e-mail address"),
    Key.DOMAIN_NAME: N_(
        "an account that is not open to you has the same e-mail domain and a similar name"
    ),
    Key.NEAR_NAME: N_("an account that is not open to you is called nearly the same"),
    Key.NUMBER_ELSEWHERE: N_(
        "an account that is not open to you has the same number in another ERP company"
    ),
    Key.WEBSITE: N_("an account that is not open to you has the same website"),
}


@dataclass(frozen=True)
class Overruled:
    """Although which accounts existed a change was saved, and why."""

    although: list[Text]
    reason: str


def said(changes: Iterable[Change], *, by: User) -> dict[int, Overruled]:
    """Return change → what was said of it, as far as ``by`` may know."""
    kept = {each.id: each.source for each in changes if each.source.get("despite")}
    ids = {id_ for each in kept.values() for _key, id_ in each["despite"]}
    names = _names(ids, by) if ids else {}
    return {
        change: Overruled(
            [_has(Key(key), names.get(id_)) for key, id_ in each["despite"]], each["reason"]
        )
        for change, each in kept.items()
    }


def _has(key: Key, name: str | None) -> Text:
    return Text(HIDDEN_HAS[key]) if name is None else Text(HAS[key], {"name": name})


def _names(ids: set[int], by: User) -> dict[int, str]:
    table = Account.__table__.c
    query = select(table.id, table.name).where(is_one_of(table.id, sorted(ids)))
    rows = session.execute(query.where(Account.visible_to(by)))
    return {row.id: row.name for row in rows}
