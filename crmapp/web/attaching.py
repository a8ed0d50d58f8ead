"""The form that sends files to be attached, with the words on what became of them."""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from flask_wtf.file import MultipleFileField

from crmapp.config import settings
from crmapp.domain.attachments import MOST_AT_ONCE
from crmapp.services.attachment_intake import Sent
from crmapp.services.attachments import Added
from crmapp.web.access import signed_in
from crmapp.web.forms import Form, add_error
from crmapp.web.texts import translated

_AROUND = 1 << 20
"""Bytes of a request that are not its files."""


class FilesForm(Form):
    """Files to attach."""

    files = MultipleFileField(lazy_gettext("Add files"))

    @property
    def sent(self) -> list[Sent]:
        """The files that were chosen; none leaves an empty one."""
        chosen = [each for each in self.files.data or () if getattr(each, "filename", "")]
        return [Sent(each.filename, each.stream) for each in chosen]


def allow_files() -> None:
    """Let this request be as large as the files that may come with it, if somebody sends it."""
    if signed_in():
        request.max_content_length = MOST_AT_ONCE * settings().attachment_bytes + _AROUND


def files_form() -> FilesForm:
    """Make the form, with a word on what may be sent."""
    form = FilesForm()
    form.files.description = _(
        "PDF, Office files, images, audio, video, text, e-mail or ZIP; each up to %(size)s MB,"
        " at most %(most)s at a time.",
        size=f"{settings().attachment_bytes / (1 << 20):g}",
        most=MOST_AT_ONCE,
    )
    return form


def has_files(form: FilesForm) -> bool:
    """Check the form, and say at its field if no file was chosen."""
    if not form.validate_on_submit():
        return False
    if not form.sent:
        add_error(form.files, _("Choose a file."))
    return bool(form.sent)


def tell(form: FilesForm, added: Added) -> bool:
    """Say what was added, and at its field what was refused; return whether all went well."""
    if added.new:
        text = ngettext(
            "%(count)s file added.", "%(count)s files added.", added.new, count=added.new
        )
        flash(text, "success")
    for name in added.known:
        flash(_("“%(name)s” is here already.", name=name), "info")
    for each in added.refused:
        reason = translated(each.reason)
        add_error(
            form.files, _("“%(name)s” was not added: %(reason)s", name=each.name, reason=reason)
        )
    return not added.refused
