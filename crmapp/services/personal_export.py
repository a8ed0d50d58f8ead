"""What is known of a person, as one JSON document: whoever asks for erasure asks for this first."""

from __future__ import annotations

from typing import Any

import orjson

from crmapp.db import session
from crmapp.models import Change, User
from crmapp.services import audit, erased_rows, personal_data, personal_files
from crmapp.services.personal_data import Subject


def data(kind: str, id_: int, *, by: User) -> bytes:
    """Return all that names a person, by place, and note who took it.

    Raises:
        Forbidden, NotFound: as for :func:`personal_data.subject`.
    """
    of = personal_data.subject(kind, id_, by=by)
    audit.exported(kind if kind == "contact" else "person", by=by, about_id=id_)
    said = {
        "person": personal_data.own_row(of),
        "history": [_change(each) for each in erased_rows.own_history(of)],
        "files": [path.name for path in personal_files.kept(of)],
        "attached": [each.name for each in personal_files.attached(of)],
        "places": {
            str(table.name): rows for table in personal_data.tables() if (rows := _rows(table, of))
        },
    }
    return orjson.dumps(said, default=str, option=orjson.OPT_INDENT_2)


def _rows(table: Any, of: Subject) -> list[dict[str, Any]]:
    return [
        {"id": "-".join(map(str, row.key)), **row.values}
        for clear in (True, False)
        for row in personal_data.rows(table, of, clear=clear)
    ]


def _change(id_: int) -> dict[str, Any]:
    change = session.get_one(Change, id_)
    return {"at": change.at, "action": change.action, "fields": change.fields}
