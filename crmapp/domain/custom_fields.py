"""What the definition of a custom field consists of, and what each kind of field can do."""

from __future__ import annotations

from crmapp.domain.fields import CUSTOM, Field, Kind
from crmapp.domain.pick_lists import code_from
from crmapp.i18n import N_

KINDS: dict[Kind, str] = {
    Kind.TEXT: N_("Text"),
    Kind.LONG_TEXT: N_("Long text"),
    Kind.NUMBER: N_("A number"),
    Kind.MONEY: N_("Amount"),
    Kind.DATE: N_("Date"),
    Kind.YES_NO: N_("Yes or no"),
    Kind.PICK_LIST: N_("Pick list"),
    Kind.MULTI_PICK_LIST: N_("Several values of a pick list"),
    Kind.URL: N_("Web address"),
    Kind.EMAIL: N_("E-mail address"),
    Kind.PHONE: N_("Phone number"),
    Kind.ACCOUNT: N_("Another account"),
}
"""The kinds that a custom field may have."""
NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.ACCOUNT})
"""Kinds whose values are compared as numbers."""
SORTED = frozenset(KINDS) - {Kind.LONG_TEXT, Kind.MULTI_PICK_LIST, Kind.ACCOUNT}
"""Kinds by which the list can be sorted."""
FILTERED = frozenset(KINDS) - {Kind.LONG_TEXT}
"""Kinds by which the list can be filtered."""
LONGEST_NAME = 40

DEFINITION: dict[str, Field] = {
    spec.name: spec
    for spec in (
        Field(
            name="label_en",
            label=N_("English label"),
            help=N_("What people read in English. Left empty, it is the French one."),
            max_length=60,
        ),
        Field(
            name="label_fr",
            label=N_("French label"),
            help=N_("What people read in French. Left empty, it is the English one."),
            max_length=60,
        ),
        Field(
            name="kind",
            label=N_("Kind of value"),
            help=N_("It cannot be changed once an account has had a value."),
            required=True,
        ),
        Field(
            name="pick_list",
            label=N_("Pick list"),
            help=N_("Where the values come from, for a field of the kind pick list."),
        ),
        Field(
            name="help_en",
            label=N_("English help"),
            help=N_("A sentence that stands below the field: what to enter."),
            max_length=300,
        ),
        Field(
            name="help_fr",
            label=N_("French help"),
            help=N_("The same sentence in French."),
            max_length=300,
        ),
        Field(
            name="group_en",
            label=N_("English name of the group"),
            help=N_("The heading that the field stands under, like Trade. Empty is More."),
            max_length=60,
        ),
        Field(
            name="group_fr",
            label=N_("French name of the group"),
            help=N_("The same heading in French."),
            max_length=60,
        ),
        Field(
            name="name",
            label=N_("Key"),
            help=N_(
                "What runs, files and addresses call the field: small letters, digits and “_”. "
                "Leave it empty to have it made from the label. It cannot be changed later."
            ),
            max_length=LONGEST_NAME,
        ),
        Field(
            name="required",
            label=N_("Required"),
            help=N_("Nobody saves an account without it: no form, no edit, no run."),
            kind=Kind.YES_NO,
        ),
        Field(
            name="filterable",
            label=N_("Filter by it"),
            help=N_(
                "The list of accounts can be narrowed down by this field, and sorted by it unless "
                "it holds several values or another account."
            ),
            kind=Kind.YES_NO,
        ),
        Field(
            name="listed",
            label=N_("Show in the list"),
            help=N_("The list of accounts and its files have a column for this field."),
            kind=Kind.YES_NO,
        ),
    )
}


def name_from(text: str) -> str:
    """Make the name of a custom field from a key or a label; empty if nothing of it is left."""
    code = code_from(text.replace("-", "_").replace(".", "_"))[:LONGEST_NAME]
    return CUSTOM + code.removeprefix(CUSTOM).strip("_") if code.strip("_") else ""
