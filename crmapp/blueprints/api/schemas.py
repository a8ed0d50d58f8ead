"""What is sent and answered beside records, as JSON Schema: the document and the checks read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from crmapp.blueprints.api.records import UNKNOWN, WANTED, told
from crmapp.domain.letters import CANNOT_BE_STORED, FORBIDDEN
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer"}
MAYBE_WHOLE: Schema = {"type": ["integer", "null"]}
YES_NO: Schema = {"type": "boolean"}
ANY: Schema = {"type": "object"}
_LONGEST = 2000
_SENT: Schema = {"type": "string", "maxLength": _LONGEST}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_TYPES: Mapping[str, type] = {
    "string": str, "integer": int, "boolean": bool, "object": dict, "array": list,
}  # fmt: skip


def answered(**members: Schema) -> Schema:
    """Describe an object that has all of these members."""
    return {"type": "object", "properties": members, "required": list(members)}


def page_of(item: Schema, **besides: Schema) -> Schema:
    """Describe a page of a list."""
    return answered(items={"type": "array", "items": item}, next=MAYBE_TEXT, **besides)


def named(name: str) -> Schema:
    """Refer to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _sent(needed: tuple[str, ...], **members: Schema) -> Schema:
    described: Schema = {"type": "object", "additionalProperties": False, "properties": members}
    return {**described, "required": list(needed)} if needed else described


_VALUE = {"label_en": _SENT, "label_fr": _SENT, "active": YES_NO, "is_default": YES_NO}
_TEXTS: Schema = {"type": "array", "items": TEXT}
_SENT_TEXTS: Schema = {"type": "array", "items": _SENT}
_HOOK = {"name": _SENT, "url": _SENT, "events": _SENT_TEXTS, "fields": _SENT_TEXTS}
_HOOKED: Mapping[str, Schema] = {
    "id": WHOLE, "version": WHOLE, "name": TEXT, "url": TEXT, "events": _TEXTS, "fields": _TEXTS,
    "active": YES_NO, "off_reason": TEXT, "created_at": TEXT,
}  # fmt: skip
_WRONG: Schema = {"type": "array", "items": answered(field=TEXT, detail=TEXT)}
_LABELLED = answered(name=TEXT, label=TEXT)
_TYPED = answered(name=TEXT, label=TEXT, kind=TEXT)
SENT: dict[str, Schema] = {
    "NewPickListValue": _sent(("label_en",), code=_SENT, **_VALUE),
    "PickListValueChanges": _sent((), **_VALUE),
    "NewRun": _sent(
        ("dataset", "dimension"),
        dataset=_SENT,
        dimension=_SENT,
        arguments={"type": "object", "additionalProperties": _SENT},
        why=_SENT,
    ),
    "Planning": _sent(("mapping",), mapping=_COUNT, version=_COUNT, confirmed=_COUNT),
    "Start": _sent(("plan_hash",), plan_hash=_SENT),
    "NewWebhook": _sent(("name", "url", "events"), **_HOOK),
    "WebhookChanges": _sent((), **_HOOK, active=YES_NO),
    "Replay": _sent(("since", "until"), since=_MOMENT, until=_MOMENT),
}
"""Schema → what may be sent."""
ANSWERED: dict[str, Schema] = {
    "PickListValue": answered(
        id=WHOLE, version=WHOLE, code=TEXT, label_en=TEXT, label_fr=TEXT, active=YES_NO,
        default=YES_NO,
    ),
    "PickList": answered(
        code=TEXT, values={"type": "array", "items": named("PickListValue")}
    ),
    "PickLists": page_of(named("PickList")),
    "Run": answered(
        id=WHOLE, kind=TEXT, status=TEXT, title=TEXT, total=MAYBE_WHOLE, planned=ANY, done=ANY,
        plan_hash=MAYBE_TEXT, why=TEXT, undoes=MAYBE_WHOLE, undone_by=MAYBE_WHOLE,
        started_by=MAYBE_TEXT, created_at=TEXT, started_at=MAYBE_TEXT, finished_at=MAYBE_TEXT,
    ),
    "Runs": page_of(named("Run")),
    "Receipt": answered(
        rows=WHOLE, counted=WHOLE, balances=YES_NO, outcomes=ANY, control=ANY
    ),
    "LeftOut": page_of(
        answered(row=WHOLE, key=TEXT, name=TEXT, outcome=TEXT, reason=TEXT, account=MAYBE_WHOLE)
    ),
    "Mapping": answered(
        id=WHOLE, name=TEXT, source=TEXT, version=WHOLE, retired=YES_NO
    ),
    "Mappings": page_of(named("Mapping")),
    "MappingVersions": page_of(
        answered(version=WHOLE, at=TEXT, by=MAYBE_TEXT, content=ANY)
    ),
    "Dataset": answered(
        name=TEXT, label=TEXT, currency=TEXT, ready=YES_NO,
        dimensions={
            "type": "array",
            "items": answered(name=TEXT, label=TEXT, properties={"type": "array", "items": _TYPED}),
        },
        measures={"type": "array", "items": _TYPED},
    ),
    "Datasets": page_of(named("Dataset")),
    "Figures": page_of(
        answered(key=TEXT, values=ANY), columns={"type": "array", "items": _TYPED}, totals=ANY,
        count=WHOLE, snapshot=TEXT,
    ),
    "Connection": answered(
        system=TEXT, label=TEXT, state=TEXT, kind=MAYBE_TEXT, sandbox=YES_NO,
        checked_at=MAYBE_TEXT, problem=MAYBE_TEXT, requests=MAYBE_WHOLE, budget=MAYBE_WHOLE,
    ),
    "Connections": page_of(named("Connection")),
    "Webhook": answered(**_HOOKED),
    "Webhooks": page_of(named("Webhook")),
    "AddedWebhook": answered(
        **_HOOKED,
        secret={
            **MAYBE_TEXT,
            "description": N_("What signs its messages, in this answer alone; null if it was sent"
                              " again with the same Idempotency-Key"),
        },
    ),
    "WebhookSecret": answered(secret=TEXT),
    "WebhookMessage": answered(
        id=WHOLE, event_id=TEXT, kind=TEXT, object=TEXT, record_id=MAYBE_WHOLE,
        title={
            **MAYBE_TEXT,
            "description": N_("What the record is called; null if it is not there any more, or not"
                              " open to the person or the token"),
        },
        link={**MAYBE_TEXT, "description": N_("Where the record is read")},
        state=TEXT, attempts=WHOLE, status=MAYBE_WHOLE, error=TEXT, answer=TEXT,
        seconds={"type": ["number", "null"]}, created_at=TEXT, tried_at=MAYBE_TEXT,
        next_at=MAYBE_TEXT,
    ),
    "WebhookMessages": page_of(named("WebhookMessage")),
    "Replayed": answered(
        messages={**WHOLE, "description": N_("How many messages are sent again")},
    ),
    "Problem": {
        "type": "object",
        "properties": {
            "type": TEXT, "title": TEXT, "detail": TEXT, "status": WHOLE, "request_id": MAYBE_TEXT,
            "errors": _WRONG, "scope": TEXT, "right": TEXT,
        },
        "required": ["title", "status", "detail"],
    },
    "MayExist": answered(
        title=TEXT, status=WHOLE, detail=TEXT, duplicate_seal=TEXT,
        matches={
            "type": "array",
            "description": N_("The accounts like it that are open to the person of the token"),
            "items": answered(
                id=WHOLE, name=TEXT, number=TEXT, reasons={"type": "array", "items": TEXT}
            ),
        },
        hidden={
            **WHOLE, "description": N_("How many accounts like it are not open to that person"),
        },
        errors={
            **_WRONG, "description": N_("What is wrong with the duplicate_reason, if one was sent"),
        },
    ),
}  # fmt: skip
"""Schema → what is answered."""


def checked(sent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return what was sent if it is as the schema says.

    Raises:
        Invalid: member → that there is none, that it is missing, or what it has to be.
    """
    schema = SENT[name]
    known: Mapping[str, Schema] = schema["properties"]
    wrong: dict[str, Text | str] = {each: UNKNOWN for each in sent if each not in known}
    for each in schema.get("required", ()):
        if each not in sent:
            wrong[each] = N_("This member is required.")
    for each, value in sent.items():
        if each in known and not _fits(value, known[each]):
            wrong[each] = Text(WANTED, {"kind": told(known[each])})
        elif each in known and any(map(FORBIDDEN.search, _texts(value))):
            wrong[each] = CANNOT_BE_STORED
    if wrong:
        raise Invalid(wrong)
    return sent


def _fits(value: Any, schema: Schema) -> bool:
    kind = _TYPES[schema["type"]]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return False
    if isinstance(value, dict):
        return all(_fits(each, schema["additionalProperties"]) for each in value.values())
    if isinstance(value, list):
        return all(_fits(each, schema["items"]) for each in value)
    if isinstance(value, str):
        return _is_moment(value) if "format" in schema else len(value) <= schema["maxLength"]
    return kind is bool or schema["minimum"] <= value <= schema["maximum"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value if isinstance(value, list) else value.values():
            yield from _texts(each)


def _is_moment(text: str) -> bool:
    """Whether a text is a moment with its zone, of a year that every database keeps."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return False
    return found.tzinfo is not None and 1900 <= found.year <= 2200
