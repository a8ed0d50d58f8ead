"""What letters about signing in say."""

from __future__ import annotations

from flask_babel import gettext

from crmapp.config import settings
from crmapp.i18n import N_
from crmapp.services.second_step import (
    GUESSED,
    INVITED,
    NO_PASSKEY,
    OFF,
    ON,
    PASSKEY,
    RESET,
)

SUBJECTS = {
    ON: N_("Two-step sign-in is on"),
    OFF: N_("Two-step sign-in is off"),
    RESET: N_("Your two-step sign-in was reset"),
    INVITED: N_("You are invited to crmapp"),
    GUESSED: N_("Somebody has tried to sign in as you"),
    PASSKEY: N_("You have a new passkey"),
    NO_PASSKEY: N_("A passkey of yours was removed"),
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
    INVITED: N_(
        "you can sign in to crmapp now, with this e-mail address. Set a password first: open the"
        " page below and enter the address, and you get a link to do so."
    ),
    GUESSED: N_(
        "five wrong passwords or codes in a row were entered for you. Nobody can sign in as you for"
        " some minutes now, and longer after each further one; who is signed in stays so. If it was"
        " you, wait, or set a new password. If it was not you, you need do nothing."
    ),
    PASSKEY: N_(
        "a passkey was added, by which you sign in to crmapp without a password. If it was not you,"
        " remove it, change your password and tell your administrator at once."
    ),
    NO_PASSKEY: N_(
        "one of the passkeys by which you sign in to crmapp was removed. If it was not you, change"
        " your password and tell your administrator at once."
    ),
}
LEADS_TO = {
    GUESSED: (N_("Set a new password"), "/reset"),
    INVITED: (N_("Set a password"), "/reset"),
    PASSKEY: (N_("Passkeys"), "/wan-register"),
    NO_PASSKEY: (N_("Passkeys"), "/wan-register"),
}
OTHERWISE = (N_("Two-step sign-in"), "/tf-setup")


def words(event: str, name: str) -> dict[str, str]:
    """Return what the letter's templates need."""
    leads_to, path = LEADS_TO.get(event, OTHERWISE)
    return {
        "reader_name": name,
        "title": gettext(SUBJECTS[event]),
        "sentence": gettext(SENTENCES[event]),
        "leads_to": gettext(leads_to),
        "url": f"{settings().address}{path}",
    }
