"""All letters that match a filter are settled: each request a part, until none is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.db import utcnow
from crmapp.models import Account
from crmapp.services import unfiled as services
from crmapp.services import unfiled_batches
from crmapp.services.unfiled import Asked
from crmapp.services.unfiled_batches import Batch, Verb
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other
from crmapp.web.whole_numbers import whole_number

_LONGEST = 200
_PLACES = {
    Verb.FILE: "settings.file_letters",
    Verb.DISCARD: "settings.discard_letters",
    Verb.RETURN: "settings.bring_letters_back",
}


@dataclass(frozen=True)
class Place:
    """Which letters the page lists, as its address and its forms say it."""

    settled: bool = False
    words: str = ""
    reason: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Self:
        reason = args.get("reason", "")
        return cls(
            args.get("show") == "settled",
            args.get("q", "").replace("\x00", "").strip()[:_LONGEST],
            reason if reason in services.REASONS else "",
        )

    @property
    def asked(self) -> Asked:
        return Asked(self.settled, self.words, self.reason)

    @property
    def fields(self) -> dict[str, str]:
        """What says so in a form or an address; what says nothing is left out."""
        said = {"show": "settled" if self.settled else "", "q": self.words, "reason": self.reason}
        return {name: text for name, text in said.items() if text}

    def address(self, number: int | None = None) -> str:
        values: dict[str, Any] = {"page": number if number and number > 1 else None, **self.fields}
        return url_for("settings.unfiled", **values)


def everything_meant() -> bool:
    """Say whether the form means all letters that match, rather than those that are ticked."""
    return request.form.get("all") == "yes"


def go_on(verb: Verb, account: Account | None = None) -> ResponseReturnValue:
    """Settle the next letters; show how far it is, or what it came to."""
    place = Place.read(request.form)
    batch = unfiled_batches.go_on(_batch(verb, place, account), by=current_user)
    if batch.over:
        return _over(batch, place, account)
    return page(
        "settings/letter_batch.html",
        "settings/_letter_batch.html",
        batch=batch,
        fields=_fields(batch, place) | ({"account": request.form["account"]} if account else {}),
        action=url_for(_PLACES[verb]),
        back=place.address(),
        open_section="unfiled",
    )


def _batch(verb: Verb, place: Place, account: Account | None) -> Batch:
    """Read how far it is; the first time nothing is done yet."""
    asked, since, until = place.asked, _moment("since"), _moment("until")
    if until is not None:  # what she has just done is taken back
        asked = Asked(True, place.words, place.reason, current_user.id, since, until)
    return Batch(
        verb,
        asked,
        through=_number("through"),
        total=_number("total"),
        since=_moment("begun") or utcnow(),
        account_id=account.id if account else None,
        after=_number("after"),
        seen=_number("seen"),
        done=_number("done"),
    )


def _fields(batch: Batch, place: Place) -> dict[str, Any]:
    """What the next request is to know."""
    names = ("through", "total", "after", "seen", "done")
    kept = {name: request.form[name] for name in ("since", "until") if request.form.get(name)}
    counts = {name: getattr(batch, name) for name in names}
    return {"all": "yes", "begun": batch.since.isoformat(), **place.fields, **kept, **counts}


def _over(batch: Batch, place: Place, account: Account | None) -> ResponseReturnValue:
    text = _text(batch, account)
    if batch.done and batch.verb is Verb.RETURN:
        flash(text, "success")
    elif batch.done:
        span = {"since": batch.since.isoformat(), "until": utcnow().isoformat()}
        sent = {"all": "yes", "through": batch.through, "total": batch.done}
        tell(text, sent | span | place.fields)
    if batch.verb is Verb.RETURN:
        tell_what_stays_filed(batch.seen - batch.done)
    else:
        tell_what_stays(batch.seen - batch.done)
    return see_other(place.address())


def _text(batch: Batch, account: Account | None) -> str:
    if batch.verb is Verb.RETURN:
        return ngettext("%(num)s letter waits again.", "%(num)s letters wait again.", batch.done)
    return settled_text(batch.done, account)


def settled_text(count: int, account: Account | None) -> str:
    """Say that letters were filed on the account, or discarded."""
    if account is None:
        return ngettext("%(num)s letter discarded.", "%(num)s letters discarded.", count)
    return ngettext(
        "%(num)s letter filed on “%(name)s”.", "%(num)s letters filed on “%(name)s”.",
        count, name=account.name,
    )  # fmt: skip


def tell(text: str, sent: Mapping[str, Any]) -> None:
    """Say what was done with letters, with a button that brings them back."""
    action = url_for("settings.bring_letters_back")
    button = {"button": _("Undo"), "icon": "undo-2", "action": action, "fields": dict(sent)}
    toast: Any = {"text": text} | button
    flash(toast, "success")


def tell_what_stays(count: int) -> None:
    """Say how many letters somebody else was quicker with, or cannot be filed."""
    if count:
        said = ngettext(
            "%(num)s letter stays as it is: it was settled meanwhile, or cannot be filed.",
            "%(num)s letters stay as they are: they were settled meanwhile, or cannot be filed.",
            count,
        )
        flash(said, "info")


def tell_what_stays_filed(count: int) -> None:
    """Say why letters were not brought back."""
    if count:
        flash(_("A letter stays filed if somebody has changed its activity since."), "info")


def _number(name: str) -> int:
    return whole_number(request.form.get(name)) or 0


def _moment(name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(request.form.get(name, ""))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
