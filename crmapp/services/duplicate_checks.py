"""Whether an account may be saved though others like it exist, and on whose word."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.config import settings
from crmapp.db import be_alone
from crmapp.domain.duplicate_keys import FIELDS, Key, Traits, changed
from crmapp.errors import Invalid, MayExist
from crmapp.i18n import N_
from crmapp.models import User
from crmapp.services import duplicate_hints, editing
from crmapp.services.duplicate_hints import Match

SHORTEST, LONGEST = 3, 500
NO_REASON = N_("Say in a few words why this is another account; at least three letters.")
TAKEN: dict[Key, str] = {
    Key.TAX_ID: N_("Another account has this tax id. Use that one, or enter a different tax id."),
    Key.PHONE: N_("Another account has this phone number. Use that one, or enter a different one."),
    Key.EMAIL: N_("Another account has this e-mail address. Use that one, or enter another."),
    Key.DOMAIN_NAME: N_(
        "Another account has this e-mail domain and a similar name. Use that one, or enter another"
        " address."
    ),
    Key.NEAR_NAME: N_("Another account is called nearly the same. Use that one, or rename this."),
    Key.NUMBER_ELSEWHERE: N_(
        "An account of another ERP company has this number. Use that one, or enter another."
    ),
    Key.WEBSITE: N_("Another account has this website. Use that one, or enter a different one."),
}


@dataclass(frozen=True)
class Overruling:
    """A person's word that what she saves is another account: of which matches, and why."""

    seal: str = ""
    reason: str = ""


NONE = Overruling()


def source(
    before: Traits,
    after: Traits,
    *,
    overruled: Overruling = NONE,
    but: int | None = None,
    by: User,
) -> Mapping[str, Any]:
    """Return where values come from, as the change log keeps it, if the rules let them through.

    Only keys that got another word are looked at: what somebody was warned of before is no news.
    ``but`` is the account that is being changed.

    Raises:
        Invalid: field → an account has the same there, and no two may.
        MayExist: accounts like it exist; nobody has said yet, of just these, that it is another.
    """
    news = changed(before, after) - {Key.NUMBER}  # that one is refused where it is written
    if not news:
        return editing.FORM
    be_alone("duplicates")  # else two who save the same in one moment would not see each other
    matches = duplicate_hints.find(after, by=by, keys=news, but=but)
    blocked = {key: each for each in reversed(matches) for key in each.blocked}
    if blocked:
        raise Invalid({FIELDS[key]: TAKEN[key] for key in sorted(blocked, key=_place)})
    if not matches:
        return editing.FORM
    seal = _seal(matches)
    if overruled.seal != seal:
        raise MayExist(matches, seal)
    reason = overruled.reason.replace("\x00", "").strip()[:LONGEST]
    if len(reason) < SHORTEST:
        raise MayExist(matches, seal, NO_REASON)
    return {**editing.FORM, "despite": _pairs(matches), "reason": reason}


def _place(key: Key) -> int:
    """Put last what says most: of two keys of one field, that one is told."""
    return -list(Key).index(key)


def _pairs(matches: Sequence[Match]) -> list[list[Any]]:
    return sorted([key.value, each.id] for each in matches for key in each.effects)


def _seal(matches: Sequence[Match]) -> str:
    """Return a word for this set of matches, from which their ids cannot be read."""
    key = settings().session_key().encode()
    return hmac.new(key, repr(_pairs(matches)).encode(), hashlib.sha256).hexdigest()[:32]
