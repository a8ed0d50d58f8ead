"""Shapes: what the values of a source's column look like, seen from a sample of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any

from crmapp.domain.fields import Field, Kind
from crmapp.domain.search import digits, fold
from crmapp.domain.steps import as_text
from crmapp.i18n import N_

SURE = 0.8
"""The share of a sample that has to look alike."""
SOME = 0.2
"""The share of phone numbers that have to be parted by spaces, dots or dashes."""


class Shape(StrEnum):
    """What values look like; ``LABELS`` says it in the plural."""

    EMAIL = "email"
    URL = "url"
    PHONE = "phone"
    DATE = "date"
    YES_NO = "yes_no"
    POSTAL_CODE = "postal_code"
    NUMBER = "number"
    CODE = "code"
    TEXT = "text"


LABELS: dict[Shape, str] = {
    Shape.EMAIL: N_("e-mail addresses"),
    Shape.URL: N_("web addresses"),
    Shape.PHONE: N_("phone numbers"),
    Shape.DATE: N_("dates"),
    Shape.YES_NO: N_("yes and no"),
    Shape.POSTAL_CODE: N_("postal codes"),
    Shape.NUMBER: N_("numbers"),
    Shape.CODE: N_("codes"),
    Shape.TEXT: N_("text"),
}

_WORDS = {"yes", "no", "y", "n", "true", "false", "oui", "non", "o", "vrai", "faux"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_URL = re.compile(r"(https?://\S+|(www\.)[^\s@]+\.[^\s@.]{2,}\S*)", re.IGNORECASE)
_PHONE = re.compile(r"[+(]?\d[\d\s()./-]{5,}(\s*(x|ext\.?)\s*\d+)?", re.IGNORECASE)
_PARTED = re.compile(r"(?!\d{1,3}([\s.]\d{3})+$)([+(0]|\d+[\s()./-]+\d)")
"""Not a number whose thousands are parted."""
_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ]\d{1,2}:\d\d.*)?"
)
_POSTAL = re.compile(
    r"\d{5}(-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{2,3}-\d{3,4}"
    r"|[A-Z]{1,2}-\d{4,5}",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+]?[\d\s.,'’\u00a0\u202f]*\d[\d\s.,'’\u00a0\u202f]*")
_CODE = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9._/-]{0,19}", re.IGNORECASE)


def shape_of(cells: Iterable[Any]) -> Shape | None:
    """Say what most of the cells that are not empty look like; ``None`` if all are empty."""
    texts = [text for cell in cells if (text := as_text(cell).strip())]
    if not texts:
        return None
    for shape, looks in _LOOKS.items():
        if _share(looks, texts) >= SURE and (shape is not Shape.PHONE or _parted(texts)):
            return shape
    return Shape.TEXT


def _share(looks: Callable[[str], bool], texts: Sequence[str]) -> float:
    return sum(looks(text) for text in texts) / len(texts)


def _parted(texts: Sequence[str]) -> bool:
    """Whether some of the texts are parted as only phone numbers are; bare digits may be codes."""
    return _share(lambda text: bool(_PARTED.match(text)), texts) >= SOME


_LOOKS: dict[Shape, Callable[[str], bool]] = {
    Shape.EMAIL: lambda text: bool(_EMAIL.fullmatch(text)),
    Shape.URL: lambda text: bool(_URL.fullmatch(text)),
    Shape.YES_NO: lambda text: fold(text) in _WORDS,
    Shape.DATE: lambda text: bool(_DATE.fullmatch(text)),
    Shape.POSTAL_CODE: lambda text: bool(_POSTAL.fullmatch(text)),
    Shape.PHONE: lambda text: bool(_PHONE.fullmatch(text)) and 6 <= len(digits(text)) <= 15,
    Shape.NUMBER: lambda text: bool(_NUMBER.fullmatch(text)),
    Shape.CODE: lambda text: bool(_CODE.fullmatch(text)),
}

_WANTED: dict[Kind, frozenset[Shape]] = {
    Kind.EMAIL: frozenset({Shape.EMAIL}),
    Kind.URL: frozenset({Shape.URL}),
    Kind.PHONE: frozenset({Shape.PHONE}),
    Kind.MONEY: frozenset({Shape.NUMBER}),
    Kind.RECORD: frozenset({Shape.NUMBER}),
    Kind.YES_NO: frozenset({Shape.YES_NO}),
    Kind.MOMENT: frozenset({Shape.DATE}),
}
_PLAUSIBLE: dict[Kind, frozenset[Shape]] = {
    Kind.URL: frozenset({Shape.TEXT}),
    Kind.PHONE: frozenset({Shape.NUMBER, Shape.POSTAL_CODE, Shape.CODE}),
    Kind.MONEY: frozenset({Shape.POSTAL_CODE, Shape.CODE}),
    Kind.RECORD: frozenset({Shape.POSTAL_CODE, Shape.PHONE}),
    Kind.YES_NO: frozenset({Shape.TEXT, Shape.NUMBER, Shape.CODE}),
}
_STRANGE = frozenset({Shape.EMAIL, Shape.URL, Shape.DATE})
"""Shapes that plain text hardly has."""


def fits(spec: Field, shape: Shape | None) -> bool | None:
    """Say whether such values belong into the field: yes, no, or ``None`` if they tell nothing."""
    if shape is None:
        return None
    if spec.kind in _WANTED:
        if shape in _WANTED[spec.kind]:
            return True
        return None if shape in _PLAUSIBLE.get(spec.kind, frozenset()) else False
    if spec.name.endswith("postal_code") and shape is Shape.POSTAL_CODE:
        return True
    return False if shape in _STRANGE else None


TELLING = frozenset({Shape.EMAIL, Shape.URL, Shape.PHONE})
"""Shapes that tell the field without a name: of the others a company has several."""
