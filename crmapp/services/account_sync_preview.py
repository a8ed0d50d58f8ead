"""What a prepared sync of accounts would write on each side, before a person has it carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmapp import artefacts
from crmapp.domain.field_copies import Party
from crmapp.domain.plan import Planned, PlanRow
from crmapp.errors import NotFound
from crmapp.models import Run, User
from crmapp.services import fields, runs
from crmapp.services.account_sync import RIGHT
from crmapp.services.account_sync_states import KIND, OBJECT
from crmapp.services.remote_rows import SYSTEMS, RemoteWords
from crmapp.services.rights import need
from crmapp.services.words import Line, Words

PAGE = 50
_FOUND = (
    "(contains(strip_accents(lower(name)), strip_accents(lower(?)))"
    " OR contains(lower(key), lower(?)))"
)


@dataclass(frozen=True)
class Previewed:
    """A planned row: the account that it is about, on which side, and what it changes there."""

    row_no: int
    account_id: int | None
    name: str
    key: str
    side: Party
    action: Planned
    lines: list[Line]


@dataclass(frozen=True)
class Preview:
    """A page of planned rows: ``first`` is the place of its first one, from 1, of ``count``."""

    rows: list[Previewed]
    first: int
    count: int


def get(run_id: int, *, by: User) -> Run:
    """Return a run of the accounts.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        NotFound: there is none; one that found nothing to write is not kept.
    """
    need(RIGHT, by=by)
    run = runs.get(run_id, by=by)
    if run.kind != KIND:
        raise NotFound
    return run


def counts(run: Run) -> dict[Party, dict[Planned, int]]:
    """Return how many records would be created and updated on each side."""
    found: dict[Party, dict[Planned, int]] = {party: {} for party in Party}
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        for object_, action, count in plan.ask(
            "SELECT object, action, count(*) FROM plan GROUP BY object, action"
        ):
            found[_side(object_)][Planned(action)] = count
    return found


def rows(run: Run, page: int, *, side: str = "", words: str = "", by: User, locale: str) -> Preview:
    """Return a page of the rows, of one side and with ``words`` in the name or the number.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    where, values = "true", []
    if side in list(Party):
        where, values = "object = ?", [OBJECT if side == Party.HERE else side]
    if words:
        where, values = f"{where} AND {_FOUND}", [*values, words, words]
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        ((count,),) = plan.ask(f"SELECT count(*) FROM plan WHERE {where}", values)  # noqa: S608  (our own text)
        skipped = PAGE * (min(page, max(1, -(-count // PAGE))) - 1)
        start = plan.ask(
            f"SELECT row_no FROM plan WHERE {where} ORDER BY row_no LIMIT 1 OFFSET ?",  # noqa: S608  (our own text)
            [*values, skipped],
        )
        found = plan.rows(f"{where} AND row_no >= ?", [*values, start[0][0]], PAGE) if start else []
    asked = [PlanRow.from_json(row) for row in found]
    said = _words(asked, by, locale)
    return Preview([_previewed(row, said) for row in asked], skipped + 1, count)


def _words(asked: list[PlanRow], by: User, locale: str) -> Mapping[str, Words | RemoteWords]:
    here = [row.fields for row in asked if row.object == OBJECT]
    own = Words(fields.every(OBJECT), here, by=by, locale=locale)
    return {OBJECT: own, **{system: RemoteWords(system) for system in SYSTEMS}}


def _previewed(row: PlanRow, said: Mapping[str, Words | RemoteWords]) -> Previewed:
    lines = said[row.object].lines(row.fields)
    side = _side(row.object)
    return Previewed(row.row_no, row.record_id, row.name, row.key, side, row.action, lines)


def _side(object_: str) -> Party:
    return Party.HERE if object_ == OBJECT else Party(object_)
