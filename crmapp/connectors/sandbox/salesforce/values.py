"""Values of fields: checked as they come in, kept in SQLite, and shown as JSON or CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.errors import ApiError
from crmapp.connectors.sandbox.salesforce.schema import NUMBERS, Field

Stored = str | int | float | None
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")
_LARGEST_INT = 2**31


def stamp(moment: datetime) -> str:
    """Return a moment as Salesforce writes it: to the second, and without a colon in the zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moment(text: str) -> datetime:
    """Read a moment; without a zone it is UTC.

    Raises:
        ValueError: it is none.
    """
    read = datetime.fromisoformat(_ZONE.sub(r"\1:\2", text.strip().replace(" ", "+")))
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def stored(field: Field, value: Any) -> Stored:
    """Check a value that came in for ``field``, and return what is kept of it.

    Raises:
        ApiError: the value is not fit for the field.
    """
    if isinstance(value, str):
        value = value.strip() if field.type != "textarea" else value
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    return _READERS.get(field.type, _text)(field, value)


def shown(field: Field, value: Stored) -> Any:
    """Return what JSON shows of a kept value."""
    if value is None:
        return None
    if field.type == "boolean":
        return bool(value)
    return float(value) if field.type in NUMBERS else value


def shower(field: Field) -> Callable[[Stored], Any] | None:
    """Return what turns kept values into shown ones; None if they are the same."""
    if field.type == "boolean":
        return lambda value: None if value is None else bool(value)
    if field.type in NUMBERS:
        return lambda value: None if value is None else float(value)
    return None


def in_csv(value: Any) -> str:
    """Return a shown value as Bulk 2.0 writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _wrong_type(field: Field, value: Any) -> ApiError:
    return ApiError(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.label}: value not of required type: {value}",
        fields=[field.name],
    )


def _unreadable(field: Field, value: Any) -> ApiError:
    kind = "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER_INT"
    return ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {kind} value {value} or request may be"
        " missing a required field at [line:1, column:2]",
    )


def _text(field: Field, value: Any) -> Stored:
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    length = field.raw["length"]
    if length and len(value) > length:
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {value} (max length={length})",
            fields=[field.name],
        )
    return value


def _email(field: Field, value: Any) -> Stored:
    text = _text(field, value)
    if not _EMAIL.fullmatch(str(text)):
        raise ApiError(
            "INVALID_EMAIL_ADDRESS",
            f"{field.label}: invalid email address: {value}",
            fields=[field.name],
        )
    return text


def _pick_list(field: Field, value: Any) -> Stored:
    text = str(_text(field, value))
    known = field.values.get(text.lower())
    if known is not None and known["active"]:
        return str(known["value"])
    if field.raw["restrictedPicklist"]:
        raise _not_in_list(field, text)
    return text


def _multi_pick_list(field: Field, value: Any) -> Stored:
    chosen = [each.strip() for each in str(_text(field, value)).split(";") if each.strip()]
    return ";".join(dict.fromkeys(str(_pick_list(field, each)) for each in chosen)) or None


def _not_in_list(field: Field, value: str) -> ApiError:
    return ApiError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{field.label}: bad value for restricted picklist field: {value}",
        fields=[field.name],
    )


def _boolean(field: Field, value: Any) -> Stored:
    if isinstance(value, bool):
        return int(value)
    words = {"true": 1, "false": 0, "1": 1, "0": 0}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _unreadable(field, value)


def _integer(field: Field, value: Any) -> Stored:
    number = _finite(field, value)
    if number != int(number) or abs(number) >= _LARGEST_INT:
        raise _unreadable(field, value)
    return int(number)


def _number(field: Field, value: Any) -> Stored:
    number = round(_finite(field, value), field.raw["scale"])
    if abs(number) >= 10 ** (field.raw["precision"] - field.raw["scale"]):
        raise ApiError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            fields=[field.name],
        )
    return float(number)


def _finite(field: Field, value: Any) -> float:
    if isinstance(value, bool):
        raise _unreadable(field, value)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise _unreadable(field, value) from error
    if not math.isfinite(number):
        raise _unreadable(field, value)
    return number


def _date(field: Field, value: Any) -> Stored:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        raise _unreadable(field, value) from error


def _datetime(field: Field, value: Any) -> Stored:
    try:
        return stamp(moment(str(value)))
    except ValueError as error:
        raise _unreadable(field, value) from error


def _time(field: Field, value: Any) -> Stored:
    try:
        read = time.fromisoformat(str(value).removesuffix("Z"))
    except ValueError as error:
        raise _unreadable(field, value) from error
    return read.strftime("%H:%M:%S.000Z")


def _reference(field: Field, value: Any) -> Stored:
    id = ids.whole(str(value))
    if id is None:
        raise ApiError(
            "MALFORMED_ID",
            f"{field.label}: id value of incorrect type: {value}",
            fields=[field.name],
        )
    return id


_READERS: dict[str, Callable[[Field, Any], Stored]] = {
    "boolean": _boolean,
    "currency": _number,
    "date": _date,
    "datetime": _datetime,
    "double": _number,
    "email": _email,
    "id": _reference,
    "int": _integer,
    "multipicklist": _multi_pick_list,
    "percent": _number,
    "picklist": _pick_list,
    "reference": _reference,
    "time": _time,
}
