"""The page on which a source of a CRM mapping is mapped: what a form sends, what is kept of it."""

from __future__ import annotations

import re

from crmapp.db import session
from crmapp.domain.feeds import FedBy
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.models import CrmMapping
from crmapp.services.feed_mapping import content_of

UNTOUCHED = {spec.name: "" for spec in ACCOUNT_FIELDS.values() if spec.mappable}
SENT = {**UNTOUCHED, "name": "name", "number": "code", "empty": "leave", "version": "1"}


def kept(mapping_id: int) -> CrmMapping:
    session.rollback()
    session.expire_all()
    return session.get_one(CrmMapping, mapping_id)


def fed(mapping_id: int, place: int = 0) -> FedBy:
    return content_of(kept(mapping_id)).sources[place]


def chosen(page: str, name: str) -> list[str]:
    """Return what is selected in the drop-downs called ``name``."""
    selects = re.findall(rf'<select[^>]* name="{re.escape(name)}"[^>]*>(.*?)</select>', page, re.S)
    found = (
        re.search(r'<option(?: selected value="([^"]*)"| value="([^"]*)" selected)', it)
        for it in selects
    )
    return [(each.group(1) or each.group(2) or "") if each else "" for each in found]
