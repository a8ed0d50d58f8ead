"""Secrets are encrypted, keys change while they are in use, and a lost key is no crash."""

from __future__ import annotations

import stat
from dataclasses import replace
from multiprocessing.pool import ThreadPool

import pytest

from crmapp import config
from crmapp.config import Settings
from crmapp.errors import ConfigurationError, Invalid, SecretsLost
from crmapp.models import Connection
from crmapp.services import connections, key_rotation, vault
from tests.support.connections import connect, xml

SECRET = {"password": "hunter2", "key": "é"}


@pytest.fixture
def row(make):
    connect("intacct", xml("http://127.0.0.1:1"), by=make.alice)
    return connections.of("intacct").id


def test_what_is_sealed_opens_and_shows_nothing(app):
    sealed = vault.seal(SECRET)

    assert vault.unseal(sealed) == SECRET
    assert "hunter2" not in sealed
    assert vault.unseal("") == {}


def test_the_key_is_made_once_and_for_nobody_else_to_read(settings):
    with ThreadPool(8) as pool:
        sealed = pool.map(vault.seal, [SECRET] * 16)

    file = settings.encryption_keys_file
    assert [vault.unseal(each) for each in sealed] == [SECRET] * 16
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in settings.home.glob("encryption_keys*")] == [file.name]


def test_looking_makes_no_key(settings):
    with pytest.raises(SecretsLost):
        vault.unseal("gAAAA")

    assert not settings.encryption_keys_file.exists()


def test_another_key_opens_nothing(app):
    sealed = vault.seal(SECRET)
    vault.put([vault.new_key()])

    with pytest.raises(SecretsLost):
        vault.unseal(sealed)


def test_a_file_that_holds_no_key_is_named(settings):
    settings.encryption_keys_file.write_text("x" * 44)

    with pytest.raises(ConfigurationError, match="encryption_keys holds what is no key"):
        vault.seal(SECRET)


def test_keys_that_are_given_stand_before_the_file(settings):
    old, new = vault.new_key(), vault.new_key()
    config.use(replace(settings, encryption_keys=(old,)))
    sealed = vault.seal(SECRET)
    config.use(replace(settings, encryption_keys=(new, old)))

    assert vault.unseal(vault.resealed(sealed)) == SECRET
    assert not settings.encryption_keys_file.exists()
    config.use(replace(settings, encryption_keys=(new,)))
    with pytest.raises(SecretsLost):
        vault.unseal(sealed)


@pytest.mark.parametrize("keys", ["short", "x" * 44, "é" * 44, f"{'A' * 43}=,nothing"])
def test_what_is_no_key_is_refused_at_the_start(keys):
    with pytest.raises(ConfigurationError, match="CRMAPP_ENCRYPTION_KEYS"):
        Settings.from_env({"CRMAPP_ENCRYPTION_KEYS": keys})


def test_keys_are_read_in_their_order():
    keys = [vault.new_key() for _ in range(3)]

    read = Settings.from_env({"CRMAPP_ENCRYPTION_KEYS": f" {keys[0]}, {keys[1]},{keys[2]} ,"})

    assert list(read.encryption_keys) == keys


def test_after_a_rotation_the_new_key_alone_opens_everything(make, row):
    before = make.again(Connection, row).secrets
    (old,) = vault.keys()

    assert key_rotation.rotate().done == ("intacct",)

    assert vault.unseal(before)["password"]  # a process that has just written with the old one
    assert key_rotation.drop_old().done == ("intacct",)
    left = list(vault.keys())
    assert (len(left), old in left) == (1, False)
    assert vault.unseal(make.again(Connection, row).secrets)["password"]
    with pytest.raises(SecretsLost):
        vault.unseal(before)


def test_keys_are_not_dropped_while_something_would_be_lost(make, row):
    vault.put([vault.new_key()])

    assert key_rotation.rotate().lost == ("intacct",)
    with pytest.raises(Invalid):
        key_rotation.drop_old()
    assert len(vault.keys()) == 2


def test_a_lost_key_is_said_and_the_secrets_can_be_entered_again(make, row):
    vault.put([vault.new_key()])
    lost = connections.state("intacct", by=make.alice)
    with pytest.raises(SecretsLost), connections.opened("intacct"):
        pass
    assert connections.check("intacct", by=make.alice).kind == "secrets"

    with pytest.raises(Invalid) as missing:
        connect("intacct", xml("http://127.0.0.1:1", secrets={}), by=make.alice)
    connect("intacct", xml("http://127.0.0.1:1"), by=make.alice)

    assert (lost.summary, lost.lost) == ("lost", True)
    assert set(missing.value.fields) == {"sender_password", "password"}
    assert connections.state("intacct", by=make.alice).summary == "untested"
