"""V11: what is encrypted tells nothing, and notices when it was changed."""

from __future__ import annotations

import pytest
from cryptography.fernet import InvalidToken

from crmapp.errors import SecretsLost
from crmapp.services import backup_archive, vault

SECRET = {"password": "hunter-2-hunter-2"}


def test_what_is_sealed_is_never_the_same_twice(app):
    first, second = vault.seal(SECRET), vault.seal(SECRET)

    assert first != second
    assert vault.unseal(first) == vault.unseal(second) == SECRET


@pytest.mark.parametrize("place", [0, 5, 30, 80, -30, -2])
def test_what_was_changed_does_not_open(app, place):
    sealed = vault.seal(SECRET)
    at = place % len(sealed)
    changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]

    with pytest.raises(SecretsLost):
        vault.unseal(changed)


def test_a_passphrase_costs_a_guesser_something():
    keys, other = (backup_archive.Keys.of("correct horse battery", it * 16) for it in (b"s", b"t"))

    assert backup_archive._WORK >= 2**15
    assert keys.mac != other.mac
    with pytest.raises(InvalidToken):
        other.fernet.decrypt(keys.fernet.encrypt(b"x"))
