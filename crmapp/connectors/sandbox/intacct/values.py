"""Values between the file and the two interfaces.

In the file a value is JSON: a string, a whole number, true or false; amounts are decimal strings,
moments and days are ISO 8601 in UTC, a multi pick list is a list.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crmapp.connectors.sandbox.intacct import errors
from crmapp.connectors.sandbox.intacct.catalogue import NUMBERS, SEPARATOR, Field, Kind
from crmapp.connectors.sandbox.intacct.errors import Refused

_DAY = "%m/%d/%Y"
_MOMENT = "%m/%d/%Y %H:%M:%S"
_KEPT = "%Y-%m-%dT%H:%M:%SZ"
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # not of XML
_DIGITS = 15
_TRUE = {"true", "t", "yes", "1"}
_FALSE = {"false", "f", "no", "0"}


def moment(at: datetime) -> str:
    """Return a moment as it is kept."""
    return at.astimezone(UTC).strftime(_KEPT)


def from_xml(field: Field, text: str) -> Any:
    """Read what XML says; an empty text is None.

    Raises:
        Refused: the text is no value of this field.
    """
    text = text.strip()
    if text == "":
        return None
    try:
        return _read_xml(field, text)
    except (ValueError, InvalidOperation):
        raise Refused(errors.invalid(field.id, text, field.kind.value.lower())) from None


def _read_xml(field: Field, text: str) -> Any:
    match field.kind:
        case Kind.DATE:
            return (
                datetime.strptime(text.split(" ")[0], _DAY).replace(tzinfo=UTC).date().isoformat()
            )
        case Kind.TIMESTAMP:
            form = _MOMENT if " " in text else _DAY
            return moment(datetime.strptime(text, form).replace(tzinfo=UTC))
        case Kind.MULTIPLE:
            return [_choice(field, each) for each in text.split(SEPARATOR)]
        case Kind.ENUM:
            return _choice(field, text)
    return _read(field, text)


def from_rest(field: Field, value: Any) -> Any:
    """Read what JSON says; null and an empty string are None.

    Raises:
        Refused: it is no value of this field.
    """
    if value is None or value == "":
        return None
    try:
        return _read_rest(field, value)
    except (ValueError, TypeError, InvalidOperation):
        raise Refused(errors.invalid(field.rest, str(value), field.kind.value.lower())) from None


def _read_rest(field: Field, value: Any) -> Any:
    match field.kind:
        case Kind.DATE:
            return date.fromisoformat(value[:10]).isoformat()
        case Kind.TIMESTAMP:
            at = datetime.fromisoformat(value)
            return moment(at if at.tzinfo else at.replace(tzinfo=UTC))
        case Kind.MULTIPLE:
            given = value if isinstance(value, list) else [value]
            return [_choice(field, field.from_rest(each)) for each in given]
        case Kind.ENUM:
            return _choice(field, field.from_rest(value))
    return _read(field, value)


def _read(field: Field, value: Any) -> Any:
    if field.kind is Kind.BOOLEAN:
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word not in _TRUE | _FALSE:
            raise ValueError(value)
        return word in _TRUE
    if field.kind is Kind.INTEGER:
        whole = int(value)
        if abs(whole) >= 10**_DIGITS:
            raise ValueError(value)
        return whole
    if field.kind in NUMBERS:
        number = Decimal(str(value))
        if not number.is_finite() or number.adjusted() >= _DIGITS:
            raise ValueError(value)
        return format(number, "f")
    if not isinstance(value, str):
        raise TypeError(value)
    if _UNPRINTABLE.search(value):
        raise ValueError(value)
    if field.length is not None and len(value) > field.length:
        raise Refused(errors.too_long(field.id, field.length))
    return value


def _choice(field: Field, value: str) -> str:
    if value not in field.values:
        raise ValueError(value)
    return value


def to_xml(field: Field, value: Any) -> str:
    """Write a kept value as XML does."""
    if value is None:
        return ""
    match field.kind:
        case Kind.DATE:
            return _day(value)
        case Kind.TIMESTAMP:
            return f"{_day(value)} {value[11:19]}"
        case Kind.BOOLEAN:
            return "true" if value else "false"
        case Kind.MULTIPLE:
            return SEPARATOR.join(value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _day(kept: str) -> str:
    """Write the day of what is kept, month first, without the cost of parsing it."""
    return f"{kept[5:7]}/{kept[8:10]}/{kept[:4]}"


def to_rest(field: Field, value: Any) -> Any:
    """Write a kept value as REST does: keys are strings, most amounts too."""
    if value is None:
        return None
    match field.kind:
        case Kind.ENUM:
            return field.to_rest(value)
        case Kind.MULTIPLE:
            return [field.to_rest(each) for each in value]
        case Kind.DECIMAL | Kind.PERCENT:
            return float(value)
        case Kind.INTEGER if field.rest in NAMES or field.rest.endswith("key"):
            return str(value)
    return value


NAMES = frozenset({"id", "audit.createdBy", "audit.modifiedBy"})  # numbers that REST has as texts


def operand_from_xml(field: Field, text: str) -> Any:
    """Read what a field is compared with: it need not be one of its values, nor fit it."""
    if field.kind in NUMBERS or field.kind in (Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP):
        return from_xml(field, text)
    return text


def operand_from_rest(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.kind in NUMBERS or field.kind in (Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP):
        return from_rest(field, value)
    return field.from_rest(str(value))
