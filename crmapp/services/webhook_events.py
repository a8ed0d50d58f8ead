"""Events of webhooks: read from the log of changes once they are final, told as JSON.

Whoever writes a record does nothing for them: a webhook follows the log by a cursor, which moves
in the transaction that puts its messages down. So nothing is told that was not committed, nothing
is lost, and a run of any size waits in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import func, select

from crmapp.db import session, utcnow
from crmapp.db.bulk import insert_rows, is_one_of
from crmapp.db.horizon import horizon, is_past
from crmapp.domain.fields import Field, Kind, freeze
from crmapp.domain.webhooks import OBJECTS, PING, kind_of, wants
from crmapp.models import Account, Change, Delivery, Webhook
from crmapp.models.account import Record
from crmapp.services import fields, published
from crmapp.services.account_links import Named
from crmapp.services.records import MODELS, table_of

AT_ONCE = 1_000
"""So many changes are looked at in one transaction; so many messages wait for their turn."""
_HANGS_ON = {"contact": ("account_id",), "activity": ("account_id", "kind")}
"""What the API says of a record beside its fields."""


def newest() -> int:
    """Return the last change that the log has."""
    return session.scalar(select(func.max(Change.id))) or 0


def follow(hook: Webhook) -> bool:
    """Put down messages of the next changes, if few wait; whether there may be more to look at.

    Expects a unit of work around it, in which ``hook`` is locked.
    """
    final = _final(hook)
    if hook.cursor >= final or _waiting(hook) >= AT_ONCE:
        return False
    change = Change.__table__.c
    columns = (change.id, change.at, change.object, change.record_id, change.action, change.fields)
    ahead = change.id.between(hook.cursor + 1, final)
    rows = session.execute(select(*columns).where(ahead).order_by(change.id).limit(AT_ONCE)).all()
    told = [_delivery(hook, row, kind) for row in rows if (kind := _wanted(hook, row))]
    insert_rows(table_of(Delivery), told)
    hook.cursor = rows[-1].id if len(rows) == AT_ONCE else final
    return hook.cursor < final


def _final(hook: Webhook) -> int:
    """Return the id up to which all changes are there that ever will be (see ``db/horizon.py``)."""
    last, now = newest(), horizon()
    if not now or last <= hook.cursor:
        return last
    settled = hook.upto if is_past(hook.horizon) else hook.cursor
    if settled >= hook.upto or hook.horizon > now:  # a restored database counts anew
        hook.upto, hook.horizon = last, now
    return last if is_past(now) else settled


def _waiting(hook: Webhook) -> int:
    due = (
        Delivery.webhook_id == hook.id,
        Delivery.state == "waiting",
        Delivery.next_at <= utcnow(),
    )
    some = select(Delivery.id).where(*due).limit(AT_ONCE).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _wanted(hook: Webhook, row: Any) -> str | None:
    kind = kind_of(row.object, row.action, row.fields)
    return kind if kind and wants(hook.events, hook.fields, kind, row.fields) else None


def _delivery(hook: Webhook, row: Any, kind: str) -> dict[str, Any]:
    now = utcnow()
    return {
        "webhook_id": hook.id,
        "change_id": row.id,
        "event": f"evt_{row.id}_{round(row.at.timestamp() * 1000):x}",
        "kind": kind,
        "object": row.object,
        "record_id": row.record_id,
        "state": "waiting",
        "attempts": 0,
        "answer": "",
        "error": "",
        "next_at": now,
        "created_at": now,
    }


def body(delivery: Delivery) -> bytes | None:
    """Return what is told; None if it was erased for good meanwhile.

    The record is as it is now: ``version`` of the event says which version the change made.
    """
    if delivery.kind == PING:
        told: dict[str, Any] = {"timestamp": freeze(delivery.created_at), "data": {}}
        return orjson.dumps({"id": delivery.event_id, "type": PING, **told})
    change = session.get(Change, delivery.change_id)
    if change is None:
        return None
    record = session.get(MODELS[change.object], change.record_id)
    specs = fields.of(change.object)
    links = _links(change, record, specs)
    data: dict[str, Any] = {
        "object": change.object,
        "record_id": change.record_id,
        "version": change.version,
        "source": change.source.get("kind", ""),
        "changed": _changed(change, specs, links),
        "record": None if record is None else _record(change.object, record, specs, links),
    }
    if delivery.kind == "account.merged":
        data["merged_into"] = change.fields["replaced_by"][1]
    return orjson.dumps(
        {
            "id": delivery.event_id,
            "type": delivery.kind,
            "timestamp": freeze(change.at),
            "data": data,
        }
    )


def _record(
    object_: str, record: Record, specs: Mapping[str, Field], links: Mapping[int, Named]
) -> dict[str, Any]:
    more = {name: getattr(record, name) for name in _HANGS_ON.get(object_, ())}
    return {**published.written(record, specs, links), **more}


def _changed(
    change: Change, specs: Mapping[str, Field], links: Mapping[int, Named]
) -> dict[str, dict[str, Any]]:
    """Return public name → old and new, of the fields that programs know."""
    found: dict[str, dict[str, Any]] = {}
    for name, (old, new) in change.fields.items():
        if name in specs:
            spec = specs[name]
            old, new = (published.value(spec, each, links) for each in (old, new))
            name = published.public(spec)
        elif name not in _HANGS_ON.get(change.object, ()):
            continue
        found[name] = {"old": old, "new": new}
    return found


def _links(change: Change, record: Record | None, specs: Mapping[str, Field]) -> dict[int, Named]:
    """Return the accounts that the record names or the change did; nobody's reach counts here."""
    named = [spec.name for spec in specs.values() if spec.kind is Kind.ACCOUNT]
    ids = {each for name in named for each in change.fields.get(name, ())} - {None}
    ids |= published.linked([record], specs) if record else set()
    account = Account.__table__.c
    query = select(account.id, account.name, account.number)
    query = query.where(is_one_of(account.id, sorted(ids)))
    return {row.id: Named(*row) for row in session.execute(query)} if ids else {}


def fields_offered() -> dict[str, Field]:
    """Return (``account.status``) → the field, of all that a webhook may be narrowed down to."""
    return {
        f"{object_}.{spec.name}": spec
        for object_ in OBJECTS
        for spec in fields.of(object_).values()
    }
