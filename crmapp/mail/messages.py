"""The words of each notification, found when it is sent, in the language of its reader."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from flask_babel import force_locale, get_locale, gettext, ngettext

from crmapp.config import settings
from crmapp.db import session
from crmapp.domain.list_values import TALLIES
from crmapp.domain.runs import STATUS_LABELS, Status
from crmapp.i18n import Text
from crmapp.mail import day_letters, sign_in_letters
from crmapp.models import MailOutbox, Run, User
from crmapp.services import (
    account_sync_states,
    exports,
    failures,
    feed_states,
    list_states,
    second_step,
    undo,
)


@dataclass(frozen=True)
class Message:
    """What a person reads."""

    subject: str
    text: str
    html: str | None = None


class Unwritable(Exception):
    """What the notification speaks of is gone, or its kind is not known."""


def write(letter: MailOutbox) -> Message:
    """Return the words of ``letter``.

    Raises:
        Unwritable: there is nothing to tell any more.
    """
    if not letter.kind:
        return Message(letter.subject, letter.text, letter.html)
    reader = session.get(User, letter.user_id) if letter.user_id else None
    with force_locale((reader.locale if reader else None) or settings().default_locale):
        return _KINDS[letter.kind](letter, reader) if letter.kind in _KINDS else _unknown(letter)


def address(path: str) -> str:
    """Return the full address of a page, for a letter."""
    return f"{settings().address}{path}"


def _run_ended(letter: MailOutbox, reader: User | None) -> Message:
    run = session.get(Run, letter.params.get("run_id"))
    if run is None:
        raise Unwritable(f"run {letter.params.get('run_id')} is gone")
    status = gettext(STATUS_LABELS[Status(run.status)])
    title = run.title_in(str(get_locale())) or gettext("Run %(id)s", id=run.id)
    if run.undoes_id:
        title = gettext("Undo of run %(id)s (%(title)s)", id=run.undoes_id, title=title)
    words = {
        "run": run,
        "reader_name": reader.name if reader else "",
        "title": title,
        "status": status,
        "outcomes": _outcomes(run),
        "url": address(f"/runs/{run.id}"),
        "starter": run.by.name if run.by else gettext("Schedule"),
        "hers": run.by_id == letter.user_id,
        "problem": _problem(run),
        "leads_to": _leads_to(run, reader),
        "choices": address("/preferences/mail"),
    }
    return Message(
        gettext("%(title)s: %(status)s", title=title, status=status),
        render_template("mail/run_ended.txt", **words),
        render_template("mail/run_ended.html", **words),
    )


def _problem(run: Run) -> str:
    """Return why the run failed, in the reader's language."""
    reason = failures.reason(run)
    if reason is not None:
        return _said(reason)
    return gettext(run.error) if run.error else ""


def _said(text: Text) -> str:
    """Say a text, and those of its values that are texts."""
    params = {n: _said(each) if isinstance(each, Text) else each for n, each in text.params.items()}
    return gettext(text.text, **params)


def _leads_to(run: Run, reader: User | None) -> str:
    """Return what the reader finds on the run's page."""
    if run.kind == exports.KIND:
        return gettext("Its page, and the file for a week")
    if reader is not None and undo.can_undo(run, by=reader):
        return gettext("The receipt, and a way to undo it")
    if run.status == Status.FAILED and not run.done:
        return gettext("Its page, and what can be done")
    return gettext("The receipt")


def _outcomes(run: Run) -> list[tuple[str, int]]:
    """Return what became of the rows, as the run's page calls it."""
    names = {
        "created": gettext("Created"),
        "updated": gettext("Updated"),
        "unchanged": gettext("Unchanged"),
        "rejected": gettext("Rejected"),
        "skipped": gettext("Skipped"),
        "failed": gettext("Failed"),
    }
    if run.kind == "dataset_refresh":
        names = {"loaded": gettext("Loaded"), "rejected": gettext("Rejected")}
    if run.kind == list_states.KIND:
        return _on_each_side(run)
    if run.kind == exports.KIND:
        names = {"written": gettext("Rows written")}
    if run.undoes_id:
        names = {"updated": gettext("Taken back"), "skipped": gettext("Kept")}
    return [(label, (run.done or {}).get(name, 0)) for name, label in names.items()]


def _on_each_side(run: Run) -> list[tuple[str, int]]:
    """Return what became of a managed list's values, here and in Salesforce."""
    sides = {"here": gettext("Here"), "there": gettext("Salesforce")}
    if not run.source.get("there"):
        del sides["there"]
    return [
        (f"{side}, {gettext(label)}", (run.done or {}).get(f"{name}.{tally}", 0))
        for name, side in sides.items()
        for tally, label in TALLIES.items()
    ]


def _run_waits(letter: MailOutbox, reader: User | None) -> Message:
    """Say that a run needs a person, and where she decides."""
    run = session.get(Run, letter.params.get("run_id"))
    if run is None or run.status != Status.PLANNED:
        raise Unwritable(f"run {letter.params.get('run_id')} waits for nobody")
    title = run.title_in(str(get_locale()))
    words = {
        "reader_name": reader.name if reader else "",
        **_waits_for(run, title),
        "choices": address("/preferences/mail"),
    }
    return Message(
        gettext("%(title)s: waits for you", title=title),
        render_template("mail/run_waits.txt", **words),
        render_template("mail/run_waits.html", **words),
    )


def _waits_for(run: Run, title: str) -> dict[str, str]:
    """Return why a run needs a person, and the page on which she decides."""
    if run.kind == feed_states.KIND:
        return {
            "why": _why_a_feed_waits(run, title),
            "leads_to": gettext("Look at what would be done, and have it done or cancel it"),
            "url": address(f"/admin/feeds/{run.id}/plan"),
        }
    if run.kind == account_sync_states.KIND:
        return {
            "why": gettext(
                "%(title)s: a synchronization is prepared. Nothing has been written yet, and"
                " nothing else is synchronized while it waits.",
                title=title,
            ),
            "leads_to": gettext("Look at what would be written, and have it done or cancel it"),
            "url": address(f"/admin/sync-health/plans/{run.id}"),
        }
    return {
        "why": gettext(
            "%(title)s: values that records hold, or a large part of the list, would go. Nothing"
            " has been written yet.",
            title=title,
        ),
        "leads_to": gettext("Look at the values, and decide what becomes of them"),
        "url": address(f"/admin/managed-lists/reviews/{run.id}"),
    }


def _why_a_feed_waits(run: Run, title: str) -> str:
    if run.source["mode"] != "gone":
        return gettext(
            "%(title)s: %(problem)s The schedule starts no other run while this one waits.",
            title=title,
            problem=_problem(run),
        )
    return ngettext(
        "%(title)s: %(num)s customer is gone in the sources. Nothing has been written yet; its"
        " account becomes inactive if you say so.",
        "%(title)s: %(num)s customers are gone in the sources. Nothing has been written yet; their"
        " accounts become inactive if you say so.",
        run.total or 0,
        title=title,
    )


def _day(letter: MailOutbox, reader: User | None) -> Message:
    """Say what is due: in a digest of a day, or in a reminder of one activity."""
    words = day_letters.words(letter, reader)
    if words is None:
        raise Unwritable("what it would tell is over, done, or not open to its reader any more")
    words |= {"choices": address("/preferences/day")}
    return Message(
        words["title"],
        render_template("mail/day.txt", **words),
        render_template("mail/day.html", **words),
    )


def _sign_in(letter: MailOutbox, reader: User | None) -> Message:
    """Say what became of her sign-in, and what to do if it was not she."""
    words = sign_in_letters.words(letter.params["event"], reader.name if reader else "")
    return Message(
        words["title"],
        render_template("mail/sign_in.txt", **words),
        render_template("mail/sign_in.html", **words),
    )


def _unknown(letter: MailOutbox) -> Message:
    raise Unwritable(f"nothing is known of a notification of the kind {letter.kind!r}")


_KINDS = {"run_ended": _run_ended, "run_failed": _run_ended, "run_waits": _run_waits}
_KINDS |= {"digest": _day, "reminder": _day, second_step.LETTER: _sign_in}
