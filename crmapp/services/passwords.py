"""Which passwords will do: long enough, and not among those that are tried first."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crmapp.i18n import N_, Text

SHORTEST = 12
LONGEST = 200
STRONG = 3
"""Of 0 to 4; from here on a guesser needs a hundred million attempts, of which we allow few."""
OWN = 9
"""So many signs of a password are neither of its person's name or mailbox, nor of ours."""
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
    from zxcvbn import zxcvbn  # 14 MB of words, which few processes ever need

    mailbox, _, domain = email.partition("@")
    hers = _words(f"{name} {mailbox} crmapp")
    score = zxcvbn(password[:_LOOKED_AT], user_inputs=[*hers, *_words(domain), email])["score"]
    if score < STRONG or len(_without(hers, password)) < OWN:
        return Text(N_("This password is easy to guess. Put together several words, not your own."))
    return None


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", text) if word]


def _without(words: Iterable[str], password: str) -> str:
    """Return what is left of a password; words of three signs are in many others."""
    telling = sorted((re.escape(word) for word in words if len(word) > 3), key=len, reverse=True)
    return re.sub("|".join(telling), "", password, flags=re.IGNORECASE)
