"""The errors of Intacct's REST API, wherever in an answer they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.connectors.answers import Answer, Explained
from crmapp.connectors.errors import Unreachable
from crmapp.connectors.intacct.refusals import Problem, plain


def problems_of(answer: Answer) -> tuple[Problem, ...]:
    """Return what an answer says went wrong.

    Raises:
        Unreachable: it is no JSON.
    """
    return problems_in(answer.json())


def problems_in(body: Any) -> tuple[Problem, ...]:
    """Return the errors in a body: in its result, beside it, or as OAuth tells them."""
    if not isinstance(body, Mapping):
        return ()
    result = body.get("ia::result")
    inner = result.get("ia::error") if isinstance(result, Mapping) else None
    error = inner or body.get("ia::error") or body.get("error")
    if isinstance(error, Mapping):
        return _told(error)
    if error:  # OAuth: {"error": "invalid_client", "error_description": …}
        return (Problem(str(error), plain(str(body.get("error_description") or ""))),)
    return (_problem(body),) if "message" in body else ()  # without any envelope


def _told(error: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return the details, which say what helps; the whole if there are none."""
    details = [each for each in error.get("details") or () if isinstance(each, Mapping)]
    return tuple(map(_problem, details or [error]))


def _problem(error: Mapping[str, Any]) -> Problem:
    words = " ".join(
        plain(str(error[name])) for name in ("message", "correction") if error.get(name)
    )
    target = error.get("target")
    code = str(error.get("code") or error.get("errorId") or "")
    return Problem(code, words, (str(target),) if target else ())


def explain(answer: Answer) -> Explained:
    """Say for the log what went wrong."""
    if answer.status < 400 and answer.status != 207:
        return Explained()
    try:
        body = answer.json()
    except Unreachable:
        return Explained(str(answer.status), answer.text[:2000])
    result = body.get("ia::result") if isinstance(body, Mapping) else None
    for each in result if isinstance(result, list) else [body]:
        if found := problems_in(each):
            return Explained(found[0].code, " ".join(one.words for one in found))
    return Explained(str(answer.status), answer.text[:2000])
