"""Databases, the questions of the grid, saved mappings and connections: read, never written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from crmapp.analytics.dataset import Dataset
from crmapp.analytics.query import ARGUMENTS
from crmapp.blueprints.api import records
from crmapp.blueprints.api.door import Operation, operation
from crmapp.blueprints.api.schemas import TEXT
from crmapp.domain.fields import freeze
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import Scope
from crmapp.i18n import N_
from crmapp.models import SavedMapping
from crmapp.services import connections, datasets, grids, saved_mappings
from crmapp.services.connections import State
from crmapp.web import reader
from crmapp.web.access import person, requires
from crmapp.web.texts import translated

_ASKED = dict.fromkeys(ARGUMENTS, TEXT)


@operation(
    Operation("GET", "/datasets", Scope.DATASETS_READ, N_("List databases"), answers="Datasets")
)  # fmt: skip
@requires(Right.GRID_VIEW)
def list_datasets() -> ResponseReturnValue:
    """List the databases of the grid with their dimensions and measures."""
    records.arguments()
    found = [each for each in datasets.listed() if each.dataset is not None]
    shown = [_dataset(each.dataset, bool(each.snapshot)) for each in found if each.dataset]
    return records.many(shown, None)


@operation(
    Operation("GET", "/datasets/<dataset>/<dimension>", Scope.DATASETS_READ,
              N_("Ask a question of the grid"), answers="Figures", arguments=_ASKED)
)  # fmt: skip
@requires(Right.GRID_VIEW)
def ask_grid(dataset: str, dimension: str) -> ResponseReturnValue:
    """Send the rows that the address asks for: the same ones as the grid shows her."""
    question = grids.ask(dataset, dimension, request.args.to_dict(), by=person())
    answer = grids.answer(question, by=person())
    page, locale = answer.question.page, reader.locale()
    columns = [
        {"name": each.name, "label": each.heading(locale), "kind": each.kind}
        for each in answer.columns
    ]
    rows = [{"key": row.key, "values": _frozen(row.values)} for row in answer.rows]
    following = str(page + 1) if page < answer.pages else None
    about = {"totals": _frozen(answer.totals), "count": answer.count, "snapshot": answer.snapshot}
    return {**records.many(rows, following), "columns": columns, **about}


@operation(
    Operation("GET", "/mappings", Scope.MAPPINGS_READ, N_("List saved mappings"),
              answers="Mappings")
)  # fmt: skip
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def list_mappings() -> ResponseReturnValue:
    """List the saved mappings that are offered."""
    records.arguments()
    return records.many([_mapping(each) for each in saved_mappings.listed(by=person())], None)


@operation(
    Operation("GET", "/mappings/<int:mapping_id>", Scope.MAPPINGS_READ, N_("Read a saved mapping"),
              answers="Mapping")
)  # fmt: skip
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def read_mapping(mapping_id: int) -> ResponseReturnValue:
    """Send a saved mapping, retired or not."""
    records.arguments()
    return _mapping(saved_mappings.get(mapping_id, by=person()))


@operation(
    Operation("GET", "/mappings/<int:mapping_id>/versions", Scope.MAPPINGS_READ,
              N_("List the versions of a saved mapping"), answers="MappingVersions")
)  # fmt: skip
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def list_mapping_versions(mapping_id: int) -> ResponseReturnValue:
    """List what a mapping was and is, the newest version first."""
    records.arguments()
    shown = [
        {
            "version": each.version,
            "at": freeze(each.at),
            "by": each.by.name if each.by else None,
            "content": each.content,
        }
        for each in saved_mappings.get(mapping_id, by=person()).versions
    ]
    return records.many(shown, None)


@operation(
    Operation("GET", "/connections", Scope.CONNECTIONS_READ, N_("List connections"),
              answers="Connections")
)  # fmt: skip
@requires(Right.INTEGRATION_MANAGE)
def list_connections() -> ResponseReturnValue:
    """List how it stands with each system; nothing that opens one is among it."""
    records.arguments()
    return records.many([_connection(each) for each in connections.states(by=person())], None)


def _dataset(dataset: Dataset, ready: bool) -> dict[str, Any]:
    locale = reader.locale()
    return {
        "name": dataset.name,
        "label": dataset.label.text(locale),
        "currency": dataset.currency,
        "ready": ready,
        "dimensions": [
            {
                "name": each.name,
                "label": each.label.text(locale),
                "properties": _typed(each.properties, locale),
            }
            for each in dataset.dimensions.values()
        ],
        "measures": _typed(dataset.measures, locale),
    }


def _typed(named: Mapping[str, Any], locale: str) -> list[dict[str, str]]:
    return [
        {"name": each.name, "label": each.label.text(locale), "kind": each.kind}
        for each in named.values()
    ]


def _frozen(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: freeze(value) for name, value in values.items()}


def _mapping(saved: SavedMapping) -> dict[str, Any]:
    return {
        "id": saved.id,
        "name": saved.name,
        "source": saved.source_title,
        "version": saved.latest.version,
        "retired": saved.retired_at is not None,
    }


def _connection(state: State) -> dict[str, Any]:
    row, use = state.row, state.use
    return {
        "system": state.system.code,
        "label": state.system.label,
        "state": state.summary,
        "kind": row.kind if row else None,
        "sandbox": bool(row and row.sandbox),
        "checked_at": freeze(row.checked_at) if row else None,
        "problem": translated(state.problem.sentence) if state.problem else None,
        "requests": use.ours if use else None,
        "budget": use.budget if use else None,
    }
