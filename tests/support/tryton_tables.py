"""What a customer of Tryton is in its tables, named as its connector names it."""

from __future__ import annotations

_ADDRESS = """
    LEFT JOIN party_address AS {name} ON {name}.id = (
        SELECT id FROM party_address
        WHERE party = party_party.id AND active
        ORDER BY coalesce({mark}, 0) DESC, sequence IS NULL, sequence, id LIMIT 1
    )
    LEFT JOIN country_country AS {name}_country ON {name}_country.id = {name}.country
    LEFT JOIN country_subdivision AS {name}_part ON {name}_part.id = {name}.subdivision
"""
_MECHANISM = """(
    SELECT value FROM party_contact_mechanism
    WHERE party = party_party.id AND active AND type = '{name}'
    ORDER BY sequence IS NULL, sequence, id LIMIT 1
)"""
_TAX = """(
    SELECT code FROM party_identifier
    WHERE party = party_party.id AND active AND type = 'eu_vat'
    ORDER BY sequence IS NULL, sequence, id LIMIT 1
)"""
COLUMNS = {
    "id": "CAST(party_party.id AS text)",
    "code": "party_party.code",
    "name": "party_party.name",
    "active": "party_party.active",
    "replaced_by": "CAST(party_party.replaced_by AS text)",
    "tax_identifier": _TAX,
    **{
        name: _MECHANISM.format(name=name)
        for name in ("phone", "mobile", "fax", "email", "website")
    },
    **{
        f"{name}.{part}": column.format(name=name)
        for name in ("address", "delivery")
        for part, column in {
            "street": "{name}.street_unstructured",
            "postal_code": "{name}.postal_code",
            "city": "{name}.city",
            "subdivision": "{name}_part.name",
            "country": "{name}_country.name",
        }.items()
    },
}
QUERY = (
    "SELECT "  # noqa: S608 - our own names
    + ", ".join(f'{column} AS "{name}"' for name, column in COLUMNS.items())
    + " FROM party_party"
    + _ADDRESS.format(name="address", mark="invoice")
    + _ADDRESS.format(name="delivery", mark="delivery")
    + " ORDER BY party_party.id"
)
