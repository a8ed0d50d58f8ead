"""The accounts that filters name: kept by their ids, typed and read by their names."""

from __future__ import annotations

import re
from collections.abc import Collection

from crmapp.db import LARGEST_ID
from crmapp.models import User
from crmapp.services import account_links

_KEPT = re.compile(r"id:([1-9]\d{0,9})", re.ASCII)


def kept(account_id: int) -> str:
    """Write an account as an address keeps it, whatever it is called."""
    return f"id:{account_id}"


def is_kept(text: str) -> bool:
    """Whether :func:`kept` wrote the text."""
    return _id(text) is not None


def meant(texts: Collection[str], *, by: User) -> dict[str, int]:
    """Return text → the account that ``by`` sees and that it means: by its id, number or name.

    One that was merged is what it has become. ``account_links.SEVERAL`` stands for more than one;
    a text that means none is left out.
    """
    ids = {text: id_ for text in texts if (id_ := _id(text)) is not None}
    there = account_links.standing({*ids.values()}, by=by)
    found = {text: there[id_].id for text, id_ in ids.items() if id_ in there}
    return {**account_links.meant({*texts} - ids.keys(), by=by), **found}


def by_id(text: str, *, by: User) -> str:
    """Return what is meant as an address keeps it; what means no account, or several, stays."""
    if is_kept(text):
        return text
    found = meant([text], by=by).get(text)
    return kept(found) if found else text


def called(text: str, *, by: User) -> str | None:
    """Return the name that an account has now; None if ``by`` is not to know of it.

    A text that is no id stays as it is.
    """
    id_ = _id(text)
    if id_ is None:
        return text
    there = account_links.standing({id_}, by=by).get(id_)
    return there.name if there else None


def typed(text: str, *, by: User) -> str:
    """Return an account as ``by`` types it: by its name, if that means no other one as well.

    Nothing, if it is not there for her. A text that is no id stays as it is.
    """
    id_ = _id(text)
    if id_ is None:
        return text
    there = account_links.standing({id_}, by=by).get(id_)
    if there is None:
        return ""
    words = [each for each in (there.name, there.number) if each]
    found = account_links.meant(words, by=by)
    return next((word for word in words if found.get(word) == there.id), kept(there.id))


def _id(text: str) -> int | None:
    found = _KEPT.fullmatch(text)
    return int(found[1]) if found and int(found[1]) <= LARGEST_ID else None
