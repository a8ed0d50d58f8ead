"""What a pick list and its values consist of, and which codes they may have."""

from __future__ import annotations

import re

from crmapp.domain.fields import Field, Kind
from crmapp.domain.search import fold
from crmapp.i18n import N_

LONGEST_CODE = 60
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_GAPS = re.compile(r"[^a-z0-9]+")

_CODE_HELP = N_(
    "What records, imports and other systems keep: letters, digits, “_”, “-” and “.”. "
    "Leave it empty to have it made from the label. It cannot be changed later."
)
_LABELS = (
    Field(
        name="label_en",
        label=N_("English label"),
        help=N_("What people read in English. Left empty, it is the French one."),
        max_length=100,
    ),
    Field(
        name="label_fr",
        label=N_("French label"),
        help=N_("What people read in French. Left empty, it is the English one."),
        max_length=100,
    ),
)
_ACTIVE = Field(
    name="active",
    label=N_("Active"),
    help=N_("Untick to offer it no more; records that hold it keep it."),
    kind=Kind.YES_NO,
)
_DEFAULT = Field(
    name="is_default",
    label=N_("Default"),
    help=N_("Stands in new forms from the start. A list has one default at most."),
    kind=Kind.YES_NO,
)
_POSITION = Field(name="position", label=N_("Place in the list"), help="")


def _code(label: str) -> Field:
    return Field(name="code", label=label, help=_CODE_HELP, max_length=LONGEST_CODE)


PICK_LIST_FIELDS: dict[str, Field] = {
    spec.name: spec for spec in (*_LABELS, _code(N_("Code of the list")))
}
VALUE_FIELDS: dict[str, Field] = {
    spec.name: spec for spec in (*_LABELS, _code(N_("Code")), _ACTIVE, _DEFAULT, _POSITION)
}

THERE = "remote_value"
"""The kind of record that another system keeps of a value."""
REMOTE_FIELDS: dict[str, Field] = {
    "label": Field(name="label", label=N_("Label"), help=""),
    "hidden": Field(name="hidden", label=N_("Hidden"), help="", kind=Kind.YES_NO),
}


def is_code(text: str) -> bool:
    """Say whether ``text`` may be the code of a list or of a value."""
    return len(text) <= LONGEST_CODE and _CODE.fullmatch(text) is not None


def code_from(label: str) -> str:
    """Make a code from a label; empty if it has neither letters nor digits of the alphabet."""
    return _GAPS.sub("_", fold(label)).strip("_")[:LONGEST_CODE].rstrip("_")
