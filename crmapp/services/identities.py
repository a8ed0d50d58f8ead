"""What an account is called in other systems, in the words of its readers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, bindparam, select

from crmapp.db import session
from crmapp.errors import CRMError
from crmapp.models import Change, ExternalIdentity
from crmapp.services import datasets

_DATASET = "dataset:"


@dataclass(frozen=True)
class Known:
    """A name of an account elsewhere, and the change that says so, if the log has it."""

    system: str
    external_id: str
    change: Change | None


def of(account_id: int, *, locale: str) -> list[Known]:
    """Return what the account is called elsewhere; the caller has made sure that she may see it."""
    rows = session.execute(_of_account(), {"account_id": account_id})
    return [
        Known(system_name(each.system, each.object, locale), each.external_id, change)
        for each, change in rows
    ]


@cache
def _of_account() -> Select[ExternalIdentity, Change]:
    known = ExternalIdentity
    return (
        select(known, Change)
        .outerjoin(Change, Change.id == known.change_id)
        .where(known.account_id == bindparam("account_id"))
        .order_by(known.system, known.object, known.external_id)
    )


def system_name(system: str, object_: str, locale: str) -> str:
    """Return what people call ``system``; of a dataset, its name and the dimension's."""
    if system.startswith(_DATASET):
        with suppress(CRMError):
            shape = datasets.engine_for(system.removeprefix(_DATASET)).dataset
            dimension = shape.dimensions.get(object_)
            names = [shape.label, *([dimension.label] if dimension else [])]
            return " · ".join(label.text(locale) for label in names)
    return f"{system} · {object_}"
