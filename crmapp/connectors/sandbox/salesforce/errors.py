"""What the pretend Salesforce refuses, in the words and codes of the real one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """An error of a request, or of one of its rows.

    A row's error has ``fields``; that of a request has them only where the real one does.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: Sequence[str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields
        self.extra = extra or {}
        super().__init__(f"{code}: {message}")

    def body(self) -> list[dict[str, Any]]:
        """Return it as the body of an answer."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error | self.extra]

    def of_row(self) -> dict[str, Any]:
        """Return it as one of a row's errors."""
        return {
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields or ()),
        }


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    return ApiError("NOT_FOUND", message, status=404)


def no_such_column(field: str, object: str) -> ApiError:
    return ApiError("INVALID_FIELD", f"No such column '{field}' on sobject of type {object}")


def locked(ids: Sequence[str]) -> ApiError:
    shown = ", ".join(ids)
    return ApiError(
        "UNABLE_TO_LOCK_ROW",
        f"unable to obtain exclusive access to this record or {len(ids)} records: {shown}",
        fields=[],
    )
