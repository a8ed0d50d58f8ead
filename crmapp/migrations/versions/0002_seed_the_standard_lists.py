"""Seed the standard pick lists"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# code, English, French; then the values in order, likewise. A star marks the default.
LISTS = [
    (
        ("payment_status", "Payment status", "État de paiement"),
        [("current*", "Current", "À jour"), ("overdue", "Overdue", "En retard")],
    ),
    (
        ("contact_method", "Contact method", "Moyen de contact"),
        [
            ("email", "E-mail", "E-mail"),
            ("face_to_face", "Face-to-face", "En personne"),
            ("fax", "Fax", "Télécopie"),
            ("instant_messenger", "Instant messenger", "Messagerie instantanée"),
            ("letter", "Letter", "Courrier"),
            ("phone", "Phone", "Téléphone"),
        ],
    ),
    (
        ("job_title", "Job title", "Fonction"),
        [
            ("director", "Director", "Directeur"),
            ("manager", "Manager", "Responsable"),
            ("salesperson", "Salesperson", "Vendeur"),
            ("accounts", "Accounts", "Comptabilité"),
            ("sales_manager", "Sales manager", "Responsable des ventes"),
        ],
    ),
    (
        ("call_type", "Call type", "Type d’appel"),
        [
            ("follow_up", "Follow up", "Suivi"),
            ("initial_call", "Initial call", "Premier appel"),
            ("support_call", "Support call", "Appel d’assistance"),
            ("sales_call", "Sales call", "Appel commercial"),
            ("quotation", "Quotation", "Devis"),
        ],
    ),
    (
        ("status", "Status", "Statut"),
        [
            ("not_started*", "Not started", "Non commencé"),
            ("in_progress", "In progress", "En cours"),
            ("waiting", "Waiting on someone", "En attente de quelqu’un"),
            ("deferred", "Deferred", "Reporté"),
            ("overdue", "Overdue", "En retard"),
            ("completed", "Completed", "Terminé"),
            ("cancelled", "Cancelled", "Annulé"),
        ],
    ),
    (
        ("territory", "Territory", "Territoire"),
        [
            ("na", "North America", "Amérique du Nord"),
            ("emea", "EMEA", "EMEA"),
            ("apac", "APAC", "APAC"),
            ("japan", "Japan", "Japon"),
        ],
    ),
    (
        ("account_type", "Account type", "Type de compte"),
        [
            ("prospect", "Prospect", "Prospect"),
            ("customer", "Customer", "Client"),
            ("partner", "Partner", "Partenaire"),
            ("supplier", "Supplier", "Fournisseur"),
        ],
    ),
    (
        ("terms", "Terms", "Conditions de paiement"),
        [
            ("prepaid", "Prepaid", "Paiement d’avance"),
            ("on_receipt", "Due on receipt", "À réception"),
            ("net_15", "Net 15", "Net 15 jours"),
            ("net_30", "Net 30", "Net 30 jours"),
            ("net_60", "Net 60", "Net 60 jours"),
        ],
    ),
    (
        ("price_list", "Price list", "Liste de prix"),
        [
            ("standard", "Standard", "Standard"),
            ("wholesale", "Wholesale", "Gros"),
            ("key_account", "Key account", "Grand compte"),
        ],
    ),
]


def upgrade() -> None:
    lists = sa.table("pick_list", *map(sa.column, ("code", "label_en", "label_fr")))
    op.bulk_insert(
        lists, [{"code": c, "label_en": en, "label_fr": fr} for (c, en, fr), _values in LISTS]
    )
    op.bulk_insert(_values_table(), list(_values()))


def _values_table() -> sa.TableClause:
    json_ = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    return sa.table(
        "pick_list_value",
        *map(sa.column, ("list_code", "code", "label_en", "label_fr", "position")),
        *(sa.column(name, sa.Boolean()) for name in ("active", "is_default")),
        *(sa.column(name, json_) for name in ("custom", "lineage")),
        *map(sa.column, ("search_text", "version")),
        *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "updated_at")),
    )


def _values():
    now = datetime.now(UTC)
    for (list_code, _en, _fr), values in LISTS:
        for position, (code, label_en, label_fr) in enumerate(values, 1):
            yield {
                "list_code": list_code,
                "code": code.rstrip("*"),
                "label_en": label_en,
                "label_fr": label_fr,
                "position": position,
                "active": True,
                "is_default": code.endswith("*"),
                "custom": {},
                "lineage": {},
                "search_text": "",
                "version": 1,
                "created_at": now,
                "updated_at": now,
            }


def downgrade() -> None:
    op.execute("DELETE FROM pick_list_value")
    op.execute("DELETE FROM pick_list")
