"""The files of an account: listed, sent, fetched, deleted and brought back."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import tail
from crmapp.blueprints.accounts.tabs import Opened, tab
from crmapp.domain.permissions import Right
from crmapp.services import accounts, attachments, retention
from crmapp.web.access import current_user, person, requires
from crmapp.web.attaching import FilesForm, allow_files, files_form, has_files, tell
from crmapp.web.htmx import see_other
from crmapp.web.taking import taken


@bp.url_value_preprocessor
def _allow_files(endpoint: str | None, _values: object) -> None:
    if endpoint == "accounts.add_files":
        allow_files()


@bp.get("/<int:account_id>/files")
@requires(Right.ACCOUNT_VIEW)
def files(account_id: int) -> ResponseReturnValue:
    """Show the files of the account and of its activities."""
    return _files(account_id, files_form())


@bp.post("/<int:account_id>/files")
@requires(Right.ACCOUNT_EDIT)
def add_files(account_id: int) -> ResponseReturnValue:
    """Attach the files that were sent; say which were refused, and why."""
    accounts.need_editable(account_id, by=current_user)
    form = files_form()
    if not has_files(form):
        return _files(account_id, form, 422)
    if not tell(form, attachments.add_to_account(account_id, form.sent, by=current_user)):
        return _files(account_id, form, 422)
    return see_other(url_for("accounts.files", account_id=account_id) + tail())


@bp.get("/files/<int:file_id>")
@requires(Right.ACCOUNT_VIEW)
def file(file_id: int) -> Response:
    """Send a file, to be saved and never to be shown: what it holds is anybody's word."""
    found = attachments.get(file_id, by=person())
    answer = send_file(
        attachments.place_of(found),
        found.media_type,
        as_attachment=True,
        download_name=found.name,
        conditional=True,
        etag=found.sha256,
        last_modified=found.created_at,
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return taken(answer, "attachment", about_id=file_id, account=found.account_id)


@bp.post("/files/<int:file_id>/deletion")
@requires(Right.ACCOUNT_EDIT)
def delete_file(file_id: int) -> ResponseReturnValue:
    """Delete a file softly, and offer to bring it back."""
    gone = attachments.delete(file_id, by=current_user)
    undo = url_for("accounts.restore_file", file_id=file_id)
    text = _("“%(name)s” deleted.", name=gone.name)
    toast: Any = {"text": text, "button": _("Undo"), "action": undo, "icon": "undo-2"}
    flash(toast, "success")
    return see_other(url_for("accounts.files", account_id=gone.account_id))


@bp.post("/files/<int:file_id>/restoration")
@requires(Right.ACCOUNT_EDIT)
def restore_file(file_id: int) -> ResponseReturnValue:
    """Bring a deleted file back."""
    back = attachments.restore(file_id, by=current_user)
    flash(_("“%(name)s” is back.", name=back.name), "success")
    return see_other(url_for("accounts.files", account_id=back.account_id))


def _files(account_id: int, form: FilesForm, status: int = 200) -> ResponseReturnValue:
    account = accounts.get(account_id, by=person(), deleted=True)
    return tab(
        "files",
        Opened(account),
        status,
        form=form,
        action=url_for("accounts.add_files", account_id=account_id) + tail(),
        listed=attachments.of_account(account),
        deleted=attachments.deleted_of(account),
        kept=retention.days_of(retention.DELETED_FILES),
    )
