"""Customers as somebody types them into Tryton."""

from __future__ import annotations

from typing import Any

from tests.support.tryton import Erp


def party(name: str, *, street: str = "1 rue de la Paix", **more: Any) -> dict[str, Any]:
    """Return a party with one address, a phone, an e-mail address and a tax identifier."""
    mail = f"{name.lower().replace(' ', '.')}@acme.example"
    return {
        "name": name,
        "addresses": [
            ["create", [{"street": street, "postal_code": "75002", "city": "Paris"}]],
        ],
        "contact_mechanisms": [
            ["create", [{"type": "phone", "value": "+33142681000"}]],
            ["create", [{"type": "email", "value": mail}]],
        ],
        "identifiers": [["create", [{"type": "eu_vat", "code": "FR40303265045"}]]],
        **more,
    }


def company(erp: Erp) -> tuple[int, int]:
    """Return a company and its currency, which a sale needs."""
    (currency,) = erp.create("currency.currency", {"name": "Euro", "code": "EUR", "symbol": "€"})
    (itself,) = erp.create("party.party", {"name": "We ourselves"})
    (made,) = erp.create("company.company", {"party": itself, "currency": currency})
    erp.write("res.user", 1, companies=[["add", [made]]], company=made)
    return made, currency


def sell(erp: Erp, to: int, by: tuple[int, int]) -> int:
    """Write a sale to a party."""
    (address,) = erp.read("party.party", to, "addresses")["addresses"][:1]
    company, currency = by
    addresses = {"invoice_address": address, "shipment_address": address}
    (sale,) = erp.create(
        "sale.sale", {"company": company, "currency": currency, "party": to, **addresses}
    )
    return sale
