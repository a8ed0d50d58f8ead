"""What a manager sees of her people's days."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from crmapp.blueprints.day import bp
from crmapp.blueprints.day.lists import today
from crmapp.domain.permissions import Right
from crmapp.services import team_days
from crmapp.web.access import person, requires
from crmapp.web.htmx import page


@bp.get("/team")
@requires(Right.ACCOUNT_EDIT_ALL)
def team() -> ResponseReturnValue:
    """Show per person what is open, overdue, due today and done this week."""
    return page("day/team.html", standings=team_days.standings(today(), by=person()))
