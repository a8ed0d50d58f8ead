"""The columns of the list of accounts."""

from __future__ import annotations

from crmapp.i18n import N_

COLUMNS = {
    "name": N_("Account"),
    "number": N_("Number"),
    "location": N_("Location"),
    "phone": N_("Phone"),
    "primary_contact": N_("Primary contact"),
    "owner": N_("Owner"),
    "team": N_("Team"),
}
