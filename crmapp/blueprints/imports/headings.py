"""What we call the columns of our own files: in the reader's language, or in every one."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import force_locale
from flask_babel import gettext as _

from crmapp.domain.field_texts import heading
from crmapp.domain.fields import Field, Kind
from crmapp.domain.record_keys import with_keys
from crmapp.i18n import LOCALES
from crmapp.services import fields
from crmapp.services.imports import Headings
from crmapp.web.texts import translated


def of_template(object_: str) -> dict[str, str]:
    """Return heading → field, of all fields that a file may fill, in the reader's language.

    What has an id here is not for people to fill in. Where two fields have one label, the second
    one says its group as well.
    """
    specs = with_keys(object_, fields.of(object_))
    ids = {name for name, spec in specs.items() if spec.kind is Kind.RECORD}
    return _headings({name: spec for name, spec in specs.items() if name not in ids})


def _headings(specs: Mapping[str, Field]) -> dict[str, str]:
    found: dict[str, str] = {}
    for spec in specs.values():
        if spec.mappable:
            label = translated(spec.label)
            text = f"{translated(spec.group)}: {label}" if label in found else label
            found[" ".join(text.split())] = spec.name
    return found


def known(object_: str) -> Headings:
    """Return what our headings say, whichever language somebody had when she made her file.

    An export for editing calls some columns otherwise than a file that is to be filled in.
    """
    specs, named = with_keys(object_, fields.of(object_)), dict[str, str]()
    reasons = set()
    for locale in LOCALES:
        with force_locale(locale):
            reasons.add(_("Reason").casefold())
            named |= {text.casefold(): name for text, name in _headings(specs).items()}
            exported = {translated(heading(spec)): name for name, spec in specs.items()}
            named |= {text.casefold(): name for text, name in exported.items()}
    return Headings(named, frozenset(reasons))
