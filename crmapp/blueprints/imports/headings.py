"""What we call the columns of our own files: in the reader's language, or in every one."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _

from crmapp.i18n import LOCALES
from crmapp.services import fields
from crmapp.services.imports import Headings
from crmapp.web.texts import translated


def of_template() -> dict[str, str]:
    """Return heading → field, of all fields that a file may fill, in the reader's language.

    Where two fields have one label, the second one says its group as well.
    """
    found: dict[str, str] = {}
    for spec in fields.of("account").values():
        if spec.mappable:
            label = translated(spec.label)
            heading = f"{translated(spec.group)}: {label}" if label in found else label
            found[" ".join(heading.split())] = spec.name
    return found


def known() -> Headings:
    """Return what our headings say, whichever language somebody had when she made her file."""
    named: dict[str, str] = {}
    reasons = set()
    for locale in LOCALES:
        with force_locale(locale):
            reasons.add(_("Reason").casefold())
            named |= {heading.casefold(): name for heading, name in of_template().items()}
    return Headings(named, frozenset(reasons))
