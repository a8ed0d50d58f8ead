"""What a mapping begins with: what was chosen, else the last one of the source, else guesses."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.fields import Field, Kind
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.record_keys import RECORD
from crmapp.domain.steps import Step, date_step
from crmapp.domain.suggestions import Seen, Suggestion, suggest
from crmapp.models import MappingVersion, Run
from crmapp.services import upsert_fields
from crmapp.services.sources import SourceColumn

_DATES = (Kind.DATE, Kind.MOMENT)


@dataclass(frozen=True)
class Opening:
    """A mapping to begin with, what is suggested, and field → column of those that are gone.

    ``last`` is the run whose mapping it is, if it is that of an earlier run; ``saved`` the id and
    number of the saved version that it came from.
    """

    mapping: FieldMapping
    suggestions: Mapping[str, Suggestion]
    gone: Mapping[str, str]
    last: int | None = None
    saved: tuple[int, int] | None = None


def opening(
    run: Run, columns: Sequence[SourceColumn], chosen: MappingVersion | None = None
) -> Opening:
    """Say what the page of ``run`` opens with; ``chosen`` is a saved version that was asked for."""
    last = _last_run(run)
    known = FieldMapping.from_json(last.mapping) if last else None
    seen = [Seen(each.name, each.label, each.shape, each.meant) for each in columns]
    found = suggest(seen, upsert_fields.of(run.source).values(), known.columns if known else None)
    if chosen is not None:
        mapping, gone = without_missing(FieldMapping.from_json(chosen.content), columns)
        return Opening(mapping, found, gone, saved=(chosen.mapping_id, chosen.version))
    if run.mapping:
        mapping, gone = without_missing(FieldMapping.from_json(run.mapping), columns)
        return Opening(mapping, found, gone, saved=_saved(run))
    if known is None or last is None:
        names = {name: suggestion.column for name, suggestion in found.items()}
        steps = _steps(names, columns, upsert_fields.of(run.source))
        return Opening(FieldMapping(names, match=_match(run, names), steps=steps), found, {})
    mapping, gone = without_missing(known, columns)
    again = {name: found[name].column for name in gone if name in found}
    begun = replace(mapping, columns={**mapping.columns, **again})
    return Opening(begun, found, gone, last.id, _saved(last))


def _steps(
    names: Mapping[str, str], columns: Sequence[SourceColumn], specs: Mapping[str, Field]
) -> dict[str, tuple[Step, ...]]:
    """Return the steps that dates need which are written in another way than ours."""
    samples = {column.name: column.samples for column in columns}
    return {
        name: (Step(step),)
        for name, column in names.items()
        if specs[name].kind in _DATES and (step := date_step(samples[column]))
    }


def _match(run: Run, names: Container[str]) -> str:
    """Return what finds the records; contacts and activities have nothing but their id."""
    if upsert_fields.object_of(run.source) != "account" or RECORD in names:
        return RECORD
    return "number" if "number" in names else "name"


def _saved(run: Run) -> tuple[int, int] | None:
    """Return the saved version that a run began with."""
    noted = run.mapping.get("saved") or {}
    return (noted["id"], noted["version"]) if noted else None


def _last_run(run: Run) -> Run | None:
    """Return the last run from the same source that got as far as a plan."""
    return session.scalar(
        select(Run)
        .where(Run.kind == "upsert", Run.lock_key == run.lock_key, Run.id < run.id)
        .where(Run.plan_hash.is_not(None))
        .order_by(Run.id.desc())
        .limit(1)
    )


def without_missing(
    mapping: FieldMapping, columns: Sequence[SourceColumn]
) -> tuple[FieldMapping, dict[str, str]]:
    """Take out of a mapping the fields whose column the source does not have; return both."""
    names = {column.name for column in columns}
    gone = {name: column for name, column in mapping.columns.items() if column not in names}
    kept = {name: column for name, column in mapping.columns.items() if name not in gone}
    return replace(mapping, columns=kept), gone
