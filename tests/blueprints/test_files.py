"""The pages on which files are attached and fetched."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest

from crmapp import config
from crmapp.services import accounts, attachments
from tests.support.attached import OFFER, PDF, sent


def upload(client, address, *files):
    content = {"files": [(BytesIO(content), name) for name, content in files]}
    return client.post(address, data=content, content_type="multipart/form-data")


def one(make, account, name=OFFER, content=PDF):
    attachments.add_to_account(account.id, [sent(name, content)], by=make.mona)
    return attachments.of_account(accounts.get(account.id, by=make.mona))[0].file


def names(make, account):
    shown = accounts.get(account.id, by=make.mona)
    return [each.file.name for each in attachments.of_account(shown)]


def test_files_are_sent_together_and_stand_on_the_tab(make, as_user):
    account = make.account()
    bob = as_user(make.bob)

    answer = upload(bob, f"/accounts/{account.id}/files", ("a.pdf", PDF), ("b.txt", b"Hello"))

    assert answer.status_code == 303
    page = bob.get(answer.location).text
    assert "2 files added." in page
    assert "a.pdf" in page
    assert "b.txt" in page


def test_what_was_refused_is_said_at_the_field_and_the_rest_is_kept(make, as_user):
    account = make.account()

    answer = upload(
        as_user(make.bob), f"/accounts/{account.id}/files", ("a.pdf", PDF), ("<i>.exe", b"MZ")
    )

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "“_i_.exe” was not added" in answer.text
    assert names(make, account) == ["a.pdf"]


def test_a_form_without_a_file_asks_for_one(make, as_user):
    answer = as_user(make.bob).post(f"/accounts/{make.account().id}/files", data={})

    assert answer.status_code == 422
    assert "Choose a file." in answer.text


def test_a_file_of_an_activity_stands_in_the_timeline(make, as_user):
    account = make.account()
    activity = make.activity(account, "Visit")
    bob = as_user(make.bob)

    answer = upload(bob, f"/activities/{activity.id}/files", (OFFER, PDF))

    assert answer.status_code == 303
    assert OFFER in bob.get(answer.location).text
    assert OFFER in bob.get(f"/activities/{activity.id}/files").text
    assert "Visit" in bob.get(f"/accounts/{account.id}/files").text


def test_a_file_is_sent_to_be_saved_and_never_shown(make, as_user):
    file = one(make, make.account(), "Angebot für Zoë.pdf")

    answer = as_user(make.carol).get(f"/accounts/files/{file.id}")

    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert (
        "filename*=UTF-8''Angebot%20f%C3%BCr%20Zo%C3%AB.pdf"
        in (answer.headers["Content-Disposition"])
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "application/pdf"


def test_a_file_is_sent_from_where_a_download_broke_off(make, as_user):
    file = one(make, make.account())
    client = as_user(make.carol)
    whole = client.get(f"/accounts/files/{file.id}")

    rest = client.get(
        f"/accounts/files/{file.id}",
        headers={"Range": "bytes=5-", "If-Range": whole.headers["ETag"]},
    )
    known = client.get(
        f"/accounts/files/{file.id}", headers={"If-None-Match": whole.headers["ETag"]}
    )

    assert (rest.status_code, rest.data) == (206, PDF[5:])
    assert (known.status_code, known.data) == (304, b"")


def test_a_file_is_deleted_and_brought_back_by_the_button_of_its_toast(make, as_user):
    account = make.account()
    file = one(make, account)
    bob = as_user(make.bob)

    page = bob.post(f"/accounts/files/{file.id}/deletion", follow_redirects=True).text

    assert names(make, account) == []
    assert f'action="/accounts/files/{file.id}/restoration"' in page
    bob.post(f"/accounts/files/{file.id}/restoration")
    assert names(make, account) == [OFFER]


@pytest.mark.parametrize("way", ["", "/deletion", "/restoration"])
def test_a_file_is_not_found_by_those_who_do_not_see_its_account(make, as_user, way):
    file = one(make, make.account(owner_id=make.bob.id))
    mallory = as_user(make.mallory)

    answer = mallory.post if way else mallory.get

    assert answer(f"/accounts/files/{file.id}{way}").status_code == 404


def test_whoever_only_reads_is_offered_no_form(make, as_user):
    account = make.account()
    activity = make.activity(account)
    file = one(make, account)
    carol = as_user(make.carol)

    for address in (f"/accounts/{account.id}/files", f"/activities/{activity.id}/files"):
        assert 'type="file"' not in carol.get(address).text
    assert upload(carol, f"/accounts/{account.id}/files", (OFFER, PDF)).status_code == 403
    assert upload(carol, f"/activities/{activity.id}/files", (OFFER, PDF)).status_code == 403
    assert carol.post(f"/accounts/files/{file.id}/deletion").status_code == 403


def test_nobody_fetches_a_file(make, client):
    file = one(make, make.account())

    assert client.get(f"/accounts/files/{file.id}").status_code in (302, 401)


def test_a_request_that_is_too_large_is_told_how_much_may_come(make, as_user, settings):
    config.use(replace(settings, attachment_bytes=1 << 16))
    address = f"/accounts/{make.account().id}/files"

    kind = "multipart/form-data; boundary=x"
    answer = as_user(make.bob).post(address, data=bytes(3 << 20), content_type=kind)

    assert answer.status_code == 413
    assert "Send at most 2 MB at a time." in answer.text


def test_a_file_the_server_has_lost_is_said_in_a_sentence(make, as_user):
    file = one(make, make.account())
    attachments.place_of(file).unlink()

    answer = as_user(make.bob).get(f"/accounts/files/{file.id}")

    assert answer.status_code == 410
    assert "The server has lost this file." in answer.text
