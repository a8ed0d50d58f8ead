"""What operators do from a terminal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from crmapp.cli import commands
from crmapp.db import db, session, unit_of_work
from crmapp.models import AuditEvent, Contact, FeedSource, IdentityProvider, Run, User, Webhook
from crmapp.services import audit, seals, vault
from crmapp.variables import is_encryption_key
from tests.support.connections import connect, xml


@pytest.fixture
def run(app, database, settings, monkeypatch):
    """Run a command on the database of this test; return its exit code and output."""
    monkeypatch.setenv("CRMAPP_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("SECRET_KEY", settings.secret_key)
    monkeypatch.delenv("REDIS_URL", raising=False)

    def invoke(*words: str) -> tuple[int, str]:
        session.rollback()
        result = CliRunner().invoke(commands, words)
        session.rollback()
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return invoke


def person(email):
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def test_a_person_is_added_with_a_password_that_is_shown_once(run):
    code, output = run("users", "add", "dora@crm.example", "--name", "Dora", "--role", "rep")

    assert code == 0
    assert "dora@crm.example may sign in as rep" in output
    assert "The password is " in output
    assert (person("dora@crm.example").name, person("dora@crm.example").role) == ("Dora", "rep")


def test_a_given_password_is_not_shown(run):
    _, output = run("users", "add", "dora@crm.example", "--password", "quite a long secret")

    assert "quite a long secret" not in output


def test_a_person_cannot_be_added_twice(run, make):
    code, output = run("users", "add", make.bob.email)

    assert code == 1
    assert output.startswith("Error: ")
    assert len(output.splitlines()) == 1


def test_a_role_is_changed(run, make):
    bob = make.bob

    assert run("users", "role", bob.email, "manager")[0] == 0

    assert person(bob.email).role == "manager"


def test_the_last_administrator_stays_one(run, make):
    alice = make.alice

    code, output = run("users", "role", alice.email, "viewer")

    assert code == 1
    assert "administer" in output
    assert person(alice.email).role == "admin"


def test_an_unknown_role_is_refused_with_those_that_exist(run, make):
    code, output = run("users", "role", make.bob.email, "emperor")

    assert code == 2
    assert "viewer" in output


def test_a_password_is_changed_and_signs_out_everywhere(run, make):
    bob = make.bob
    before = (bob.password, bob.fs_uniquifier)

    code, _ = run("users", "password", bob.email)

    after = person(bob.email)
    assert code == 0
    assert after.password != before[0]
    assert after.fs_uniquifier != before[1]


def test_nobody_is_one_line(run):
    assert run("users", "password", "nobody@crm.example") == (
        1,
        "Error: There is nobody with the address nobody@crm.example.\n",
    )


def test_people_are_listed_in_the_name_of_an_administrator(run, make):
    bob, alice = make.bob, make.alice

    code, output = run("users", "list")

    assert code == 0
    assert bob.email in output
    assert alice.email in output


def test_without_an_administrator_the_terminal_says_what_to_do(run, make):
    assert make.bob

    code, output = run("users", "list")

    assert code == 1
    assert "Add an administrator" in output


def test_runs_are_listed_newest_first(run, make):
    older, newer = (make.run(by_id=make.alice.id, title=title).id for title in ("One", "Two"))

    _, output = run("runs", "list")

    assert output.index(f"\n{newer}") < output.index(f"\n{older}")


def test_a_run_is_shown_with_its_receipt(run, make):
    done = make.run(by_id=make.alice.id, status="done", total=3, done={"created": 2, "updated": 1})

    code, output = run("runs", "show", str(done.id))

    assert code == 0
    assert "created    2" in output
    assert "balances   yes" in output


def test_a_waiting_run_is_cancelled(run, make):
    waiting = make.run(by_id=make.alice.id, status="queued")

    assert run("runs", "cancel", str(waiting.id))[0] == 0

    assert make.again(Run, waiting.id).status == "cancelled"


def test_a_run_that_is_not_there_is_one_line(run, make):
    assert make.alice

    code, output = run("runs", "show", "404")

    assert code == 1
    assert len(output.splitlines()) == 1


def test_datasets_are_checked_against_their_tables(run):
    assert run("datasets", "check") == (0, "sales.yml: well\nsuperstore.yml: well\n")


def test_a_dataset_that_is_wrong_is_named_with_its_line(run, tmp_path):
    (tmp_path / "bad.yml").write_text("name: bad\nlabel: [\n")

    code, output = run("datasets", "check", str(tmp_path / "bad.yml"))

    assert code == 1
    assert "bad.yml:" in output


def test_datasets_are_loaded_and_listed(run):
    assert "none" in run("datasets", "list")[1]

    code, output = run("datasets", "refresh", "sales")

    assert code == 0
    assert "sales: answers from " in output
    assert "none" not in run("datasets", "list")[1].partition("superstore")[0]


def test_an_unknown_dataset_is_one_line(run):
    code, output = run("datasets", "refresh", "nothing")

    assert code == 1
    assert len(output.splitlines()) == 1


def test_the_doctor_names_what_is_well_and_what_is_not(run):
    code, output = run("doctor")

    assert code == 0
    assert "ok    database" in output
    assert "warn  queue" in output


def test_the_doctor_names_the_sources_that_cannot_be_opened(run, make):
    read = {"kind": "dataset", "settings": {"dimension": "sales/customers"}, "object": "customers"}
    with unit_of_work():
        session.add(FeedSource(name="Customers of the ERP", key_column="code", **read))

    code, output = run("doctor")

    assert code == 1
    assert "fail  sources    Customers of the ERP: sales has not been loaded yet" in output
    assert run("datasets", "refresh", "sales")[0] == 0
    assert "ok    sources    1 can be opened" in run("doctor")[1]


def test_the_doctor_names_whatever_has_secrets_that_no_key_opens(run, make):
    bob, sealed = make.bob, vault.seal({"password": "hunter2"})
    connect("intacct", xml("http://127.0.0.1:1"), by=make.alice)
    with unit_of_work():
        session.get_one(User, bob.id).tf_totp_secret = sealed
        session.add(IdentityProvider(issuer="i", client_id="c", label="Acme", secret=sealed))
        read = {"kind": "sql", "settings": {}, "object": "customers", "key_column": "code"}
        session.add(FeedSource(name="ERP", secrets=sealed, **read))
        session.add(Webhook(name="Hub", url="u", events=[], fields=[], secrets=sealed))
    well = run("doctor")[1]

    vault.put([vault.new_key()])

    assert "ok    secrets    the keys open all of them" in well
    code, output = run("doctor")
    lost = f"Acme, ERP, Hub, {bob.email}, intacct"
    assert (code, f"fail  secrets    no key opens those of {lost}" in output) == (1, True), output


def test_the_doctor_checks_the_seals_and_names_the_one_that_is_broken(run, make):
    with unit_of_work():
        audit.note("signed_in", by=None)
    seals.seal(at_least=1, soon=timedelta(0))
    well = run("doctor")[1]
    noted = well.rpartition("the last is ")[2].split()[0]
    known, unknown = run("doctor", "--seal", noted)[1], run("doctor", "--seal", f"{noted}0")[1]

    with unit_of_work():
        session.execute(update(AuditEvent).values(kind="signed_out"))

    assert "ok    audit      1 seals over 1 rows fit, 0 rows wait" in well
    assert "ok    audit" in known
    assert f"fail  audit      no seal is {noted}0" in unknown
    assert run("doctor")[0] == 1
    assert "fail  audit      Seal 1 is broken: event 1 was changed later." in run("doctor")[1]


def test_the_doctor_finds_an_old_schema(run, app):
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'before'")

    code, output = run("doctor")

    assert code == 1
    assert "fail  database" in output


def test_without_an_installation_commands_say_how_to_start_one(run, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    code, output = run("users", "list")

    assert code == 1
    assert "Start it once with" in output
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("words", ["list --limit", "show", "cancel"])
def test_a_number_that_no_run_can_have_is_refused(run, words):
    code, output = run("runs", *words.split(), "9" * 20)

    assert code == 2
    assert "Invalid value" in output


@pytest.mark.parametrize("words", ["runs show", "runs cancel", "erase contact", "erase user"])
def test_a_number_that_nothing_has_is_told_without_a_word_of_pages(run, make, words):
    make.alice  # noqa: B018  # the administrator in whose name it is done

    code, output = run(*words.split(), "77")

    assert code == 1
    assert "There is nothing with this number." in output


def test_a_new_key_is_printed_and_changes_nothing(run, settings):
    code, output = run("keys", "new")

    assert code == 0
    assert is_encryption_key(output.strip())
    assert not settings.encryption_keys_file.exists()


def test_keys_are_rotated_and_the_older_ones_dropped(run, make, settings):
    connect("intacct", xml("http://127.0.0.1:1"), by=make.alice)
    before = settings.encryption_keys_file.read_text().split()

    rotated, said = run("keys", "rotate")
    between = settings.encryption_keys_file.read_text().split()
    dropped, _ = run("keys", "drop")

    assert (rotated, dropped) == (0, 0)
    assert "intacct: encrypted with the newest key" in said
    assert between[1:] == before
    assert settings.encryption_keys_file.read_text().split() == between[:1]


def test_keys_that_are_given_are_rotated_by_whoever_gives_them(run, make, settings, monkeypatch):
    connect("intacct", xml("http://127.0.0.1:1"), by=make.alice)
    (old,) = settings.encryption_keys_file.read_text().split()
    new = vault.new_key()
    monkeypatch.setenv("CRMAPP_ENCRYPTION_KEYS", f"{new},{old}")

    rotated, said = run("keys", "rotate")
    dropped, refused = run("keys", "drop")
    monkeypatch.setenv("CRMAPP_ENCRYPTION_KEYS", new)
    again, _ = run("keys", "rotate")

    assert (rotated, dropped, again) == (0, 1, 0)
    assert "first key of CRMAPP_ENCRYPTION_KEYS" in said
    assert "leave the older ones away" in refused


def test_secrets_that_no_key_opens_are_named(run, make, settings):
    connect("intacct", xml("http://127.0.0.1:1"), by=make.alice)
    settings.encryption_keys_file.write_text(f"{vault.new_key()}\n")

    _, said = run("keys", "rotate")
    code, refused = run("keys", "drop")

    assert "intacct: no key opens its secrets" in said
    assert code == 1
    assert "No key opens the secrets of intacct" in refused


def test_a_person_is_erased_after_a_look_and_again_after_a_restore(run, make):
    assert make.alice.active
    contact = make.contact(make.account("North"), "Quint", first_name="Anna")
    number = str(contact.id)

    code, output = run("erase", "contact", number, "--dry-run")
    assert (code, "erased" in output) == (0, True), output
    assert make.again(Contact, contact.id).last_name == "Quint"

    assert run("erase", "contact", number, "--yes")[0] == 0
    assert make.again(Contact, contact.id).last_name == f"(erased) {number}"
    assert number in run("erasures")[1]

    with unit_of_work():  # as a backup has it
        back = update(Contact).where(Contact.id == contact.id)
        session.execute(back.values(last_name="Quint", first_name="Anna"))
    assert run("erasures", "--again")[0] == 0
    assert make.again(Contact, contact.id).last_name == f"(erased) {number}"
    assert run("erase", "contact", number, "--yes")[0] == 1
