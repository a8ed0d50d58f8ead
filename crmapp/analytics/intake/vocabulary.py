"""The French of the words that tables of sales use, so that labels need less typing."""

from __future__ import annotations

_WORDS = {
    "account": "Compte", "accounts": "Comptes", "account code": "Code du compte",
    "account name": "Nom du compte", "address": "Adresse", "address line1": "Adresse 1",
    "address line2": "Adresse 2", "amount": "Montant", "branch": "Agence", "branches": "Agences",
    "brand": "Marque", "brands": "Marques", "category": "Catégorie", "categories": "Catégories",
    "city": "Ville", "cities": "Villes", "code": "Code", "contact": "Contact", "cost": "Coût",
    "country": "Pays", "countries": "Pays", "currency": "Devise", "customer": "Client",
    "customers": "Clients", "customer code": "Code client", "customer id": "Code client",
    "customer name": "Nom du client", "customer no": "Numéro de client",
    "customer number": "Numéro de client", "date": "Date", "description": "Désignation",
    "discount": "Remise", "email": "E-mail", "e mail": "E-mail", "invoice": "Facture",
    "invoice date": "Date de facture", "invoice no": "Numéro de facture",
    "invoice number": "Numéro de facture", "item": "Article", "items": "Articles",
    "margin": "Marge", "name": "Nom", "order": "Commande", "order date": "Date de commande",
    "order id": "Numéro de commande", "order number": "Numéro de commande", "phone": "Téléphone",
    "postal code": "Code postal", "zip": "Code postal", "price": "Prix", "product": "Produit",
    "products": "Produits", "product code": "Code produit", "product id": "Code produit",
    "product line": "Gamme de produits", "product lines": "Gammes de produits",
    "product name": "Nom du produit", "profit": "Bénéfice", "qty": "Quantité",
    "quantity": "Quantité", "quantity ordered": "Quantité commandée", "region": "Région",
    "regions": "Régions", "rep": "Commercial", "reps": "Commerciaux", "sales": "Ventes",
    "sales rep": "Commercial", "sales reps": "Commerciaux", "segment": "Segment",
    "segments": "Segments", "ship date": "Date d’expédition", "state": "État", "states": "États",
    "status": "Statut", "statuses": "Statuts", "supplier": "Fournisseur",
    "suppliers": "Fournisseurs", "territory": "Territoire", "territories": "Territoires",
    "total": "Total", "unit price": "Prix unitaire", "value": "Montant",
    "warehouse": "Entrepôt", "warehouses": "Entrepôts",
}  # fmt: skip


def french(label: str) -> str:
    """The French label; the word itself where it is not known."""
    return _WORDS.get(label.casefold(), label)


def plural(word: str) -> str:
    """What a dimension is called after one of its entities: customer → customers."""
    if not word.isascii() or word.endswith("s"):
        return word if not word.endswith(("us", "ss")) else f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("x", "ch", "sh")) else f"{word}s"
