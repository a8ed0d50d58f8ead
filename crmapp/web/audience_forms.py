"""The form of what people keep by a name: what it is called, and who finds it."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.models.audience import EVERYONE, MINE, TEAM, Shared
from crmapp.web.forms import Form
from crmapp.web.record_forms import Required


class AudienceForm(Form):
    """A name, and who finds it."""

    name = StringField(
        lazy_gettext("Name"), validators=[Required()], render_kw={"autocomplete": "off"}
    )
    audience = RadioField(
        lazy_gettext("Who finds it"), validators=[Required()], validate_choice=False, default=MINE
    )

    @property
    def typed(self) -> dict[str, str]:
        return {"name": self.name.data or "", "audience": self.audience.data or ""}

    def offer(self, teams: Iterable[tuple[int, str]], everyone: str) -> None:
        """Offer these teams to share with; ``everyone`` says who that is, "" that it is not."""
        self.audience.choices = [
            SelectChoice(MINE, _("Only me")),
            *(SelectChoice(f"{TEAM}:{id_}", _("Team %(name)s", name=name)) for id_, name in teams),
            *([SelectChoice(EVERYONE, everyone)] if everyone else []),
        ]


def audience_of(kept: Shared) -> str:
    """Return the audience of ``kept`` as the form says it."""
    return f"{TEAM}:{kept.team_id}" if kept.audience == TEAM else kept.audience
