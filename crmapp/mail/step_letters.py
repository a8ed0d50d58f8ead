"""What letters about two-step sign-in say."""

from __future__ import annotations

from flask_babel import gettext

from crmapp.config import settings
from crmapp.i18n import N_
from crmapp.services.second_step import OFF, ON, RESET

SUBJECTS = {
    ON: N_("Two-step sign-in is on"),
    OFF: N_("Two-step sign-in is off"),
    RESET: N_("Your two-step sign-in was reset"),
}
SENTENCES = {
    ON: N_(
        "from now on you sign in to crmapp with your password and a code of your app. If it was"
        " not you, tell your administrator at once."
    ),
    OFF: N_(
        "from now on you sign in to crmapp with your password alone, without a code. If it was not"
        " you, change your password and tell your administrator at once."
    ),
    RESET: N_(
        "an administrator has taken away your second step, and all your devices are signed out."
        " Sign in with your password alone, and set up two-step sign-in again. If you did not ask"
        " for it, tell your administrator at once."
    ),
}


def words(event: str, name: str) -> dict[str, str]:
    """Return what the letter's templates need."""
    return {
        "reader_name": name,
        "title": gettext(SUBJECTS[event]),
        "sentence": gettext(SENTENCES[event]),
        "url": f"{settings().address}/tf-setup",
    }
