"""How REST answers: results, collections with what counts them, and errors with their details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from werkzeug.wrappers import Response

from crmapp.connectors.sandbox.intacct.catalogue import Object
from crmapp.connectors.sandbox.intacct.errors import NOT_PERMITTED, Problem

JSON = "application/json; charset=utf-8"
SUPPORT_ID = "Kxi78%7EZuyXBDEGVHD2UmO1phYXDQAAAAo"
_CODES = {
    "BL34000061": "duplicateId",
    "BL03000018": "requiredFieldMissing",
    "BL03000050": "invalidValue",
    "BL03000042": "invalidValue",
    "BL03002155": "invalidReference",
    "BL04000006": "notFound",
    "BL03000088": "recordInUse",
    NOT_PERMITTED: "permissionDenied",
}
_STATUSES = {"notFound": 404, "permissionDenied": 403}


class Failed(Exception):
    """A request that is not done; ``status`` and ``error`` are what it is answered with."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        self.status = status
        self.error = error
        super().__init__(error["message"])


def error(
    code: str, message: str, number: str, id: str = "", **placeholders: Any
) -> dict[str, Any]:
    """Return the object that every error consists of."""
    return {
        "code": code,
        "message": message,
        "errorId": number,
        "additionalInfo": {"messageId": id, "placeholders": placeholders, "propertySet": {}},
        "supportId": SUPPORT_ID,
    }


def invalid(message: str, number: str = "REST-1028", id: str = "", **placeholders: Any) -> Failed:
    return Failed(400, error("invalidRequest", message, number, id, **placeholders))


def no_field(path: str) -> Failed:
    return invalid(
        f"Field does not exist: {path}", "REST-1070", "IA.FIELD_DOES_NOT_EXIST", FIELD=path
    )


def no_object(path: str) -> Failed:
    message = f"Object {path} does not exist"
    return Failed(404, error("notFound", message, "REST-1001", "IA.NOT_FOUND", OBJECT=path))


def refused(problems: Sequence[Problem], operation: str, object: Object) -> Failed:
    """Say why an operation failed: what helps is in the details."""
    details = [_detail(each, object) for each in problems if each.number != "BL01001973"]
    code = details[0]["code"]
    status = _STATUSES.get(code, 400)
    if status == 400:
        code = "operationFailed"
    whole = error(
        code, f"{operation} request failed on objects {object.rest}", "REST-1064",
        "IA.REQUEST_FAILED_ON_OBJECT", OPERATION=operation, RESOURCE_NAME=object.rest,
    )  # fmt: skip
    return Failed(status, whole | {"details": details})


def _detail(problem: Problem, object: Object) -> dict[str, Any]:
    """Say one cause, with the field by the name that REST has for it."""
    code = _CODES.get(problem.number, "operationFailed")
    field = object.field(problem.field) if problem.field else None
    target = field.rest if field is not None else problem.field
    text, correction = (
        said.replace(problem.field, target) if problem.field else said
        for said in (problem.text, problem.correction)
    )
    return error(code, text, problem.number) | {"correction": correction, "target": target}


def result(value: Any, status: int = 200, *, failed: int = 0) -> Response:
    """Answer with one result, or with one per item of a batch."""
    count = len(value) if isinstance(value, list) else 1
    meta = {"totalCount": count, "totalSuccess": count - failed, "totalError": failed}
    return json({"ia::result": value, "ia::meta": meta}, status)


def collection(rows: list[Any], total: int, start: int, size: int) -> Response:
    """Answer with a page; ``start`` counts from 1."""
    following = start + size
    meta = {
        "totalCount": total,
        "start": start,
        "pageSize": size,
        "next": following if following <= total else None,
        "previous": max(start - size, 1) if start > 1 else None,
    }
    return json({"ia::result": rows, "ia::meta": meta})


def failure(failed: Failed) -> Response:
    return result({"ia::error": failed.error}, failed.status, failed=1)


def json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, content_type=JSON)
