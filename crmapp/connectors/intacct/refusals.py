"""What Intacct's errors mean, whichever interface tells them, and what to do about each."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    QuotaExceeded,
    Retryable,
    RowRejected,
)
from crmapp.connectors.port import RowResult
from crmapp.connectors.redaction import redacted, shortened
from crmapp.i18n import N_, Text


@dataclass(frozen=True)
class Problem:
    """One error as Intacct tells it: its number or code, its words, the fields to blame."""

    code: str
    words: str
    fields: tuple[str, ...] = ()


_TAG = re.compile(r"<[^<>]*>")
_SUPPORT = re.compile(r"\s*\[?Support ID:[^\]]*\]?")
_NO_FIELDS = re.compile(r"Invalid field\(s\).*?:\s*[\w.:/-]+\s*:\s*\[?([^\]\n]+)\]?", re.DOTALL)
_NO_FIELD = re.compile(
    r"(?i)\b(?:field(?: name)?(?: does not exist)?:?\s+'?)([\w.:]+)'?"
    r"(?:$|\s+(?:is invalid|does not exist|is not valid|not found))"
)
_NO_FIELD_AFTER = re.compile(r"(?i)field does not exist:\s*([\w.:]+)")
_NO_OBJECT = re.compile(r"(?i)(?:object definition|object|resource)\s+'?([\w.:/-]+)'?\s+(?:was )?"
                        r"(?:not found|does not exist|is not valid)")  # fmt: skip
_FORBIDDEN = re.compile(
    r"(?i)do(?:es)? not have permission|not permitted|permission denied|not authorized"
    r"|not subscribed|insufficient permission"
)
_SENDER = re.compile(r"(?i)sender id.*not authorized|not authorized to make web services")
_PASSED_LIMIT = re.compile(r"(?i)rate limit|too many (?:requests|operations)|concurren|throttl")
_USED_UP = re.compile(r"(?i)used up|quota|monthly limit|transactions of the month")
_LOCKED = re.compile(r"(?i)\blocked\b|deadlock|lock timeout|being (?:edited|updated) by another")
_EXISTS = re.compile(r"(?i)already exists|duplicateid|duplicate (?:id|key)")
_SIGN_IN = frozenset({"XL03000006", "GW-0011", "tokenInvalid", "invalidToken", "REST-2102"})
_SUMMARIES = frozenset({"BL01001973", "XL03000009"})
"""Numbers that only say that something failed; the cause stands beside them."""


def plain(text: str) -> str:
    """Return words without tags, without an id for the support, decoded."""
    words = html.unescape(_TAG.sub("", text or ""))
    if re.search(r"%[0-9A-Fa-f]{2}", words):
        words = unquote(words)
    return " ".join(_SUPPORT.sub("", words).split())


def refused(problems: Sequence[Problem], object: str = "") -> ConnectorError:
    """Return what the refusal of a whole request means; ``object`` is what was asked about."""
    code, words = _told(problems)
    remote = shortened(redacted(f"{code}: {words}" if code else words), 1000)
    if _PASSED_LIMIT.search(words) or code == "tooManyRequests":
        return _limited(words, remote)
    if code == "quotaExceeded" or (_USED_UP.search(words) and "transaction" in words.lower()):
        return _used_up(remote)
    if _SENDER.search(words):
        return PermissionMissing(
            N_(
                "The sender ID is not authorised in this company. Add it in Intacct: Company >"
                " Setup > Company > Security > Web Services authorizations."
            ),
            what="Web Services authorization",
            remote=remote,
        )
    if code in _SIGN_IN:
        return AuthFailed(remote=remote)
    if code == "permissionDenied" or _FORBIDDEN.search(words):
        return PermissionMissing(
            Text(
                N_(
                    "The user of the connection may not do this in Intacct (%(what)s). Give its"
                    " role the permission."
                ),
                {"what": object or code},
            ),
            what=object or code,
            remote=remote,
        )
    gone = _gone(words, object)
    if gone:
        return ConfigBroken(
            Text(
                N_(
                    "%(field)s is gone in Intacct, or hidden from the user of the connection."
                    " Update the fields, or give the user access to it."
                ),
                {"field": gone},
            ),
            field=gone,
            remote=remote,
        )
    if _LOCKED.search(words):
        return Retryable(remote=remote)
    return row_rejected(problems)


def _limited(words: str, remote: str) -> ConnectorError:
    if _USED_UP.search(words):
        return _used_up(remote)
    return Retryable(
        N_("Intacct works on too many requests of this company. It is asked again in a while."),
        after=5.0,
        remote=remote,
    )


def _used_up(remote: str) -> QuotaExceeded:
    return QuotaExceeded(
        N_("Intacct's API transactions of this month are used up. It goes on when there are more."),
        remote=remote,
    )


def _gone(words: str, object: str) -> str:
    """Return the name of the field or object that is not there, or an empty text."""
    for pattern in (_NO_FIELDS, _NO_FIELD_AFTER, _NO_OBJECT, _NO_FIELD):
        if found := pattern.search(words):
            return found[1].split(",")[0].strip()
    return ""


def row_rejected(problems: Sequence[Problem]) -> RowRejected:
    """Return the errors of one row as one: the cause first, in Intacct's own words."""
    code, words = _told(problems)
    fields = tuple(dict.fromkeys(name for each in problems for name in each.fields))
    kept = shortened(redacted(words), 1000)
    return RowRejected(
        Text(N_("Intacct refuses this row: %(words)s"), {"words": kept or code or "?"}),
        code=code,
        fields=fields,
        remote=kept,
    )


def failed(problems: Sequence[Problem], object: str) -> RowResult:
    """Return the result of a row with these errors.

    Raises:
        ConnectorError: what is wrong is not the row.
    """
    error = refused(problems, object)
    _code, words = _told(problems)
    if isinstance(error, Retryable) or _is_only_summary(problems):
        return RowResult(error=row_rejected(problems), retry=True)
    if isinstance(error, RowRejected):
        # Somebody created it after we looked: the next time it is found, and updated.
        return RowResult(error=error, retry=bool(_EXISTS.search(words)))
    if isinstance(error, ConfigBroken) and not _NO_FIELDS.search(words):
        return RowResult(error=row_rejected(problems))  # a reference of this row is not there
    raise error


def _is_only_summary(problems: Sequence[Problem]) -> bool:
    """Say whether a row failed only because another one of its transaction did."""
    return bool(problems) and all(each.code == "XL03000009" for each in problems)


def _told(problems: Sequence[Problem]) -> tuple[str, str]:
    causes = [each for each in problems if each.code not in _SUMMARIES] or list(problems)
    if not causes:
        return "", ""
    return causes[0].code, " ".join(dict.fromkeys(each.words for each in causes))
