"""What Salesforce's error codes mean, and what to do about each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.answers import Answer, Explained
from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    QuotaExceeded,
    Retryable,
    RowRejected,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.redaction import redacted, shortened
from crmapp.i18n import N_, Text


@dataclass(frozen=True)
class Refusal:
    """One error as Salesforce tells it."""

    code: str
    words: str
    fields: tuple[str, ...] = ()


EXPIRED = "INVALID_SESSION_ID"
BUSY = frozenset(
    {
        "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "TXN_SECURITY_METERING_ERROR",
        "REQUEST_RUNNING_TOO_LONG", "UNKNOWN_EXCEPTION", "APEX_ERROR", "INTERNAL_ERROR",
    }
)  # fmt: skip
FORBIDDEN = re.compile(
    r"INSUFFICIENT_ACCESS\w*|API_DISABLED_FOR_ORG|API_CURRENTLY_DISABLED|FORBIDDEN"
    r"|FUNCTIONALITY_NOT_ENABLED|OPERATION_NOT_ALLOWED|NO_ACCESS\w*"
)
GONE = frozenset({"INVALID_FIELD", "INVALID_TYPE", "MALFORMED_QUERY"})
_COLUMN = re.compile(r"No such column '([^']+)'")
_RELATION = re.compile(r"Didn't understand relationship '([^']+)'")
_OBJECT = re.compile(r"sObject type '([^']+)'")


def refusals(answer: Answer) -> tuple[Refusal, ...]:
    """Return the errors in an answer: a list of them, an object, or neither."""
    try:
        body = answer.json()
    except Unreachable:
        return ()
    return tuple(map(refusal, body if isinstance(body, list) else [body]))


def refusal(error: Any) -> Refusal:
    """Return one error, of whichever shape."""
    if not isinstance(error, Mapping):
        return Refusal("", str(error))
    code = error.get("errorCode") or error.get("statusCode") or error.get("error") or ""
    words = error.get("message") or error.get("error_description") or ""
    return Refusal(str(code), str(words), tuple(error.get("fields") or ()))


def explain(answer: Answer) -> Explained:
    """Say for the log what went wrong."""
    if answer.status < 400 and answer.status != 300:
        return Explained()
    for each in refusals(answer):
        return Explained(each.code or str(answer.status), each.words)
    return Explained(str(answer.status), answer.text[:2000])


def refused(answer: Answer, object: str = "") -> ConnectorError:
    """Return what an answer to a whole request means; ``object`` is what was asked about."""
    found = refusals(answer) or (Refusal("", answer.text[:2000]),)
    first = found[0]
    remote = _remote(first)
    if answer.status == 401:
        return AuthFailed(
            N_("Salesforce refuses the session, also after signing in again."), remote=remote
        )
    if first.code == "REQUEST_LIMIT_EXCEEDED":
        return _limited(first)
    if FORBIDDEN.fullmatch(first.code) or (answer.status == 403 and not first.code):
        return _forbidden(first, object)
    if first.code in GONE:
        return refused_field(first, object)
    if first.code in BUSY or answer.status >= 500:
        return Retryable(remote=remote)
    if answer.status == 404:
        return _not_found(first, object)
    if answer.status == 300:
        return RowRejected(
            N_("Several records have this external id. Make the field unique in Salesforce."),
            code="300",
            remote=remote,
        )
    return row_rejected(found)


def no_salesforce(words: str) -> WrongInstance:
    """Return the error for what answers in words that are none of Salesforce's."""
    return WrongInstance(
        N_("This address does not answer like Salesforce. Enter the organisation's My Domain."),
        remote=shortened(redacted(words), 200),
    )


def _limited(first: Refusal) -> ConnectorError:
    """Tell too many requests at a time from too many in a day: the code is the same."""
    if "concurrent" in first.words.lower():
        return Retryable(
            N_("Salesforce works on too many long requests. It is asked again in a while."),
            after=30.0,
            remote=_remote(first),
        )
    return QuotaExceeded(
        N_("Salesforce's daily quota of requests is used up. It goes on when some is free again."),
        remote=_remote(first),
    )


def _forbidden(first: Refusal, object: str) -> PermissionMissing:
    if first.code.startswith("API_"):
        return PermissionMissing(
            N_(
                "The interface is closed for the user of the connection. Give it the permission"
                ' "API Enabled" in Salesforce, in an edition that has the API.'
            ),
            what="API Enabled",
            remote=_remote(first),
        )
    return PermissionMissing(
        Text(
            N_(
                "The user of the connection may not do this in Salesforce (%(what)s). Add the"
                " permission to its permission set."
            ),
            {"what": object or first.code},
        ),
        what=object or first.code,
        remote=_remote(first),
    )


def refused_field(first: Refusal, object: str) -> ConfigBroken:
    """Return the error for a field or an object that Salesforce does not know, and name it."""
    for pattern in (_COLUMN, _RELATION, _OBJECT):
        if found := pattern.search(first.words):
            name = found[1]
            break
    else:
        name = first.fields[0] if first.fields else object
    return ConfigBroken(
        Text(
            N_(
                "%(field)s is gone in Salesforce, or hidden from the user of the connection."
                " Update the fields, or give the user access to it."
            ),
            {"field": name},
        ),
        field=name,
        remote=_remote(first),
    )


def _not_found(first: Refusal, object: str) -> ConnectorError:
    if object:
        return refused_field(Refusal(first.code, first.words), object)
    return WrongInstance(
        N_("There is no Salesforce at this address, or not this version of its interface."),
        remote=_remote(first),
    )


def row_rejected(found: Sequence[Refusal]) -> RowRejected:
    """Return the errors of one row as one, with the repair that the first asks for."""
    first = found[0] if found else Refusal("", "")
    fields = tuple(dict.fromkeys(name for each in found for name in each.fields))
    words = shortened(redacted(" ".join(each.words for each in found)), 1000)
    sentence = _REPAIRS.get(first.code, N_("Salesforce refuses this row: %(words)s"))
    return RowRejected(
        Text(sentence, {"words": words, "fields": ", ".join(fields) or "?"}),
        code=first.code,
        fields=fields,
        remote=words,
    )


def may_pass_later(found: Sequence[Refusal]) -> bool:
    """Say whether the same row may be sent again as it is."""
    return bool(found) and all(each.code in BUSY for each in found)


def _remote(first: Refusal) -> str:
    return shortened(redacted(f"{first.code}: {first.words}" if first.code else first.words), 1000)


_REPAIRS = {
    "REQUIRED_FIELD_MISSING": N_("Required in Salesforce, but empty: %(fields)s. Fill it in."),
    "STRING_TOO_LONG": N_("Too long for Salesforce: %(fields)s. Shorten it. (%(words)s)"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": N_(
        "Salesforce's list %(fields)s lacks this value. Map it to one of the list. (%(words)s)"
    ),
    "INVALID_EMAIL_ADDRESS": N_("Not an e-mail address: %(fields)s. Correct it. (%(words)s)"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": N_("A rule in Salesforce refuses this: %(words)s"),
    "FIELD_INTEGRITY_EXCEPTION": N_("Salesforce refuses the value of %(fields)s: %(words)s"),
    "DUPLICATES_DETECTED": N_(
        "Salesforce takes this for a duplicate. Link it to the record there. (%(words)s)"
    ),
    "DUPLICATE_VALUE": N_(
        "Another record in Salesforce has the same unique value. Link to that one. (%(words)s)"
    ),
    "INVALID_CROSS_REFERENCE_KEY": N_(
        "The record that %(fields)s points to is not in Salesforce. Choose another. (%(words)s)"
    ),
    "MALFORMED_ID": N_("Not an id of Salesforce: %(fields)s. (%(words)s)"),
    "ENTITY_IS_DELETED": N_(
        "This record was deleted in Salesforce. Restore it there, or remove the link."
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": N_(
        "The user of the connection may not write %(fields)s. Allow it in Salesforce. (%(words)s)"
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": N_(
        "The user of the connection may not change this record in Salesforce. (%(words)s)"
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": N_(
        "The user of the connection may not use the record that this one points to. (%(words)s)"
    ),
    "UNABLE_TO_LOCK_ROW": N_("Somebody else is changing this record. It is sent again."),
    "STORAGE_LIMIT_EXCEEDED": N_("Salesforce's storage is full. Free some. (%(words)s)"),
}
