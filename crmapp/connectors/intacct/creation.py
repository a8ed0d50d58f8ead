"""What a record needs when it is new, beyond the values that a caller has."""

from __future__ import annotations

from crmapp.connectors.port import Record

# A customer's contact must say what is printed as its name (developer.intacct.com, Customers).
_PRINTED = {
    "CUSTOMER": ("DISPLAYCONTACT.PRINTAS", "NAME"),
    "accounts-receivable/customer": ("contacts.default.printAs", "name"),
}


def of_new(object: str, row: Record) -> Record:
    """Return the values that a new record is made of: of a customer also what is printed."""
    given = {name: value for name, value in row.items() if value not in (None, "")}
    printed, name = _PRINTED.get(object, ("", ""))
    if name in given:
        given.setdefault(printed, given[name])
    return given
