"""What an account is called in other systems, in the words of its readers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property

from sqlalchemy import String, bindparam, cast, literal, select

from crmapp.db import session
from crmapp.db.statements import Ready
from crmapp.errors import CRMError
from crmapp.models import Change, ExternalIdentity, FeedSource
from crmapp.models.feed import LEDGER
from crmapp.services import datasets
from crmapp.services.changes import told
from crmapp.services.connection_kinds import SYSTEMS

_FILE = "file:"
_DATASET = "dataset:"


@dataclass(frozen=True)
class Known:
    """A name of an account elsewhere, and the change that says so, if the log has it.

    ``fed``: a source of customers calls it so.
    """

    system: str
    external_id: str
    change: Change | None
    fed: bool = False


def of(account_id: int, *, locale: str) -> list[Known]:
    """Return what the account is called elsewhere; the caller has made sure that she may see it."""
    rows = _of_account().rows({"account_id": account_id})
    changes = told({row.change_id for row in rows} - {None})
    names = SystemNames(locale)
    return [
        Known(
            row.source or names.of(row.system, row.object),
            row.external_id,
            changes.get(row.change_id),
            fed=row.source is not None,
        )
        for row in rows
    ]


@cache
def _of_account() -> Ready:
    known, source = ExternalIdentity.__table__.c, FeedSource.__table__.c
    columns = (known.system, known.object, known.external_id, known.change_id)
    return Ready(
        select(*columns, source.name.label("source"))
        .select_from(ExternalIdentity)
        .outerjoin(FeedSource, known.system == literal(LEDGER) + cast(source.id, String))
        .where(known.account_id == bindparam("account_id"))
        .order_by(known.system, known.object, known.external_id)
    )


class SystemNames:
    """What people call systems, in a language; sources are looked up once, whoever is named."""

    def __init__(self, locale: str) -> None:
        self._locale = locale

    def of(self, system: str, object_: str) -> str:
        """Return the name of ``system``; of a dataset also the dimension's."""
        if system.startswith(_DATASET):
            with suppress(CRMError):
                shape = datasets.engine_for(system.removeprefix(_DATASET)).dataset
                dimension = shape.dimensions.get(object_)
                names = [shape.label, *([dimension.label] if dimension else [])]
                return " · ".join(label.text(self._locale) for label in names)
        if system.startswith(_FILE):
            return system.removeprefix(_FILE)
        if system.startswith(LEDGER) and system in self._sources:
            return self._sources[system]
        return SYSTEMS[system].label if system in SYSTEMS else f"{system} · {object_}"

    @cached_property
    def _sources(self) -> dict[str, str]:
        """The names of all sources, the retired ones as well: there are few."""
        found = session.execute(select(FeedSource.id, FeedSource.name))
        return {f"{LEDGER}{row.id}": row.name for row in found}
