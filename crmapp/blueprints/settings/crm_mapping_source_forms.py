"""The form that maps the columns of one source of a CRM mapping, with who owns each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.fields.choices import SelectChoice

from crmapp.domain.feeds import MANDATORY, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.models import CrmMapping
from crmapp.services.feed_mapping import Looked
from crmapp.services.mapping_start import Opening
from crmapp.web.forms import VersionedForm
from crmapp.web.mapping_forms import MappingForm, form_of


class SourceMappingForm(MappingForm, VersionedForm):
    """Beside the drop-down of a field stands who owns it: ``phone.owner``.

    One of a new CRM mapping asks for its name, any other carries the version that was seen.
    """

    mapping_name = StringField(lazy_gettext("Name of the CRM mapping"))
    kept_owners: Mapping[str, Owner] = {}
    """What the form was opened with; what was sent takes its place."""

    @property
    def mapping(self) -> FieldMapping:
        """What the person chose; a feed finds accounts by their number."""
        return replace(super().mapping, match="number")

    @property
    def owned(self) -> dict[str, Owner]:
        """Who owns the fields that are filled, but for those that are the source's."""
        chosen = self._sent() if request.method == "POST" else self.kept_owners
        filled = self.mapping.fields
        owned = {name: chosen.get(name, Owner.ERP) for name in filled}
        return {name: owner for name, owner in owned.items() if owner is not Owner.ERP}

    def _sent(self) -> dict[str, Owner]:
        sent = {name: request.form.get(f"{name}.owner", "") for name in self.mapped}
        return {name: Owner(owner) for name, owner in sent.items() if owner in list(Owner)}

    def fed(self, source_id: int) -> FedBy:
        """What is chosen here, of a source."""
        return FedBy(source_id, self.mapping, self.owned)

    @property
    def called(self) -> str:
        """What a new CRM mapping is to be called."""
        return (self.mapping_name.data or "") if self.mapping_name else ""

    @property
    def seen(self) -> int:
        """The version of the CRM mapping that she saw; 0 of a new one."""
        return (self.version.data or 0) if self.version else 0

    def overtake(self, version: int | None) -> int:
        """Let it be sent again over ``version``, which somebody else saved; return hers."""
        seen, self.version.raw_data = self.seen, None
        self.version.process_data(version)
        return seen


def source_mapping_form(
    looked: Looked, begun: Opening, owners: Mapping[str, Owner], mapping: CrmMapping | None
) -> SourceMappingForm:
    """Build the form over what was found; without a ``mapping`` it is about a new one."""
    values: dict[str, Any] = {
        "mapping_name": request.args.get("name", ""),
        "version": mapping and mapping.version,
    }
    form = form_of(SourceMappingForm, looked.found, begun.mapping, **values)
    del form["version" if mapping is None else "mapping_name"]
    form.kept_owners = owners
    for name in MANDATORY:
        untouched, _fixed, *columns = form[name].choices
        form[name].choices = [SelectChoice(untouched.value, _("Choose a column")), *columns]
    return form
