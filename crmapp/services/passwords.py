"""Which passwords will do: long enough, and not among those that are tried first."""

from __future__ import annotations

import re

from zxcvbn import zxcvbn

from crmapp.i18n import N_, Text

SHORTEST = 12
LONGEST = 200
STRONG = 3
"""Of 0 to 4; from here on a guesser needs a hundred million attempts, of which we allow few."""
_LOOKED_AT = 72
"""The estimate takes no more, and takes long for more; so many signs are enough to judge."""


def problem(password: str, *, name: str, email: str) -> Text | None:
    """Return what is wrong with a password of this person, if anything is.

    Passwords that leaked often, words, names, keys side by side, repetitions and dates are found
    by the lists of the library, which asks nobody.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        text = N_("Enter a password of %(least)s to %(most)s characters.")
        return Text(text, {"least": SHORTEST, "most": LONGEST})
    hers = [word for word in re.split(r"[\W_]+", f"{name} {email} crmapp") if word]
    if zxcvbn(password[:_LOOKED_AT], user_inputs=[*hers, email])["score"] < STRONG:
        return Text(N_("This password is easy to guess. Put together several words, not your own."))
    return None
