"""The page in place of a list that nobody can ask for any more, with a way to the rest of it."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts.addresses import arguments, place
from crmapp.blueprints.accounts.view_words import said
from crmapp.errors import Invalid
from crmapp.services import view_questions
from crmapp.web.access import person
from crmapp.web.htmx import page, wants_fragment
from crmapp.web.texts import translated


def instead(invalid: Invalid) -> ResponseReturnValue:
    """Say what of the address cannot be asked, and lead to the list without it."""
    if wants_fragment():
        raise invalid
    standing = view_questions.standing(view_questions.written(arguments()), by=person())
    return page(
        "accounts/lapsed.html",
        status=invalid.status,
        problem=translated(invalid.message),
        lapsed=list(said(standing.lapsed)),
        rest=place(None, standing.living),
    )
