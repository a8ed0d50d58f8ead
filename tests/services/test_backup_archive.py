"""A backup's file: whole and unaltered, or refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from functools import cache

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.errors import BackupError
from crmapp.services import backup_archive
from crmapp.services.backup_archive import Writer, extracting, holds_secrets, read

PASSPHRASE = "correct horse battery"
FILES = {
    "artefacts/run-1/plan-1.parquet": bytes(range(256)) * 40,
    "attachments/ab/abc": b"",
    "database": b"rows " * 5000,
}
KEYS = {"encryption_keys": ["one", "two"], "secret_key": "three"}


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Let passphrases be cheap: they are tried thousands of times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backup_archive, "_WORK", 2)
        yield


@cache
def made(passphrase: str | None = PASSPHRASE) -> bytes:
    file = io.BytesIO()
    with Writer(file, passphrase) as archive:
        for name, content in FILES.items():
            archive.add(name, io.BytesIO(content), len(content))
        if passphrase:
            archive.add_secrets(KEYS)
        archive.close({"made_at": "2026-06-15T09:30:00+00:00", "database": "sqlite"})
    return file.getvalue()


def told(content: bytes, passphrase: str | None = PASSPHRASE, **how: bool):
    """Return what an archive holds, and what it says of itself."""
    found: dict[str, bytes] = {}

    def take(name, _size, blocks):
        found[name] = b"".join(blocks)

    return found, read(io.BytesIO(content), passphrase, take, **how)


def remade(change, passphrase: str | None = PASSPHRASE) -> bytes:
    """Pack an archive anew, as who alters it would; ``change`` gets and returns name → content."""
    with tarfile.open(fileobj=io.BytesIO(made(passphrase))) as tar:
        members = {each.name: tar.extractfile(each).read() for each in tar}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in change(members).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def test_what_went_in_comes_out():
    found, checked = told(made())

    assert found == FILES
    assert checked.secrets == KEYS
    assert checked.signed
    assert checked.manifest["database"] == "sqlite"
    assert checked.size == sum(map(len, FILES.values())) + len(_token())


def _token() -> bytes:
    with tarfile.open(fileobj=io.BytesIO(made())) as tar:
        return tar.extractfile("secrets").read()


def test_any_tar_reads_it_and_its_list_names_size_and_digest():
    with tarfile.open(fileobj=io.BytesIO(made())) as tar:
        names = tar.getnames()
        lines = tar.extractfile("members.jsonl").read().splitlines()

    assert names[0] == "header.json"
    assert names[-2:] == ["manifest.json", "manifest.mac"]
    assert orjson.loads(lines[0])["size"] == 10240
    assert len(orjson.loads(lines[0])["sha256"]) == 64


def test_secrets_are_not_to_be_read_in_it():
    plain = gzip.decompress(made())

    assert b"rows rows" in plain
    assert b"encryption_keys" not in plain


def test_without_a_passphrase_it_holds_no_secrets():
    found, checked = told(made(None), None)

    assert found == FILES
    assert checked.secrets is None
    assert not checked.signed
    assert not holds_secrets(io.BytesIO(made(None)))
    assert holds_secrets(io.BytesIO(made()))


@pytest.mark.parametrize("passphrase", ["wrong horse battery", "", None])
def test_another_passphrase_is_refused(passphrase):
    with pytest.raises(BackupError, match="passphrase is wrong"):
        told(made(), passphrase)


def test_without_the_passphrase_all_but_the_secrets_can_be_had():
    found, checked = told(made(), None, openly=True)

    assert found == FILES
    assert checked.secrets is None
    assert not checked.signed


def test_an_unsigned_one_is_refused_where_a_passphrase_was_given():
    with pytest.raises(BackupError, match="--without-secrets"):
        told(made(None))


@given(st.integers(0, 10**9))
def test_a_truncated_one_is_refused_wherever_it_ends(place):
    content = made()

    with pytest.raises(BackupError):
        told(content[: place % len(content)])


@given(st.integers(0, 10**9), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_harmless(place, flip):
    content = bytearray(made())
    content[place % len(content)] ^= flip

    try:
        found, checked = told(bytes(content))
    except BackupError:
        return
    assert (found, checked.secrets, checked.signed) == (FILES, KEYS, True)


@given(st.sampled_from(["database", "secrets", "manifest.json", "manifest.mac"]), st.integers(0))
def test_a_flipped_byte_inside_is_refused_though_it_was_packed_anew(name, place):
    def change(members):
        content = bytearray(members[name])
        content[place % len(content)] ^= 1
        return {**members, name: bytes(content)}

    with pytest.raises(BackupError):
        told(remade(change))


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "artefacts/../../outside", "artefacts//x", "."]
)
def test_no_name_leads_outside(name, tmp_path):
    with pytest.raises(BackupError):
        read(
            io.BytesIO(remade(lambda members: {"header.json": members["header.json"], name: b"x"})),
            PASSPHRASE,
            extracting(tmp_path / "inside"),
        )

    assert not (tmp_path / "outside").exists()


def test_links_are_refused():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        header = tarfile.TarInfo("header.json")
        text = b'{"format": 1, "salt": null}'
        header.size = len(text)
        tar.addfile(header, io.BytesIO(text))
        link = tarfile.TarInfo("artefacts/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)

    with pytest.raises(BackupError, match="no plain file"):
        told(file.getvalue(), None)


@pytest.mark.parametrize("taken", ["manifest.mac", "manifest.json", "members.jsonl", "database"])
def test_one_that_lacks_a_part_is_refused(taken):
    with pytest.raises(BackupError):
        told(remade(lambda members: {n: c for n, c in members.items() if n != taken}))


def test_a_signature_cannot_be_made_without_the_passphrase():
    def change(members):
        manifest = members["manifest.json"].replace(b"2026", b"2025")
        return {**members, "manifest.json": manifest}

    with pytest.raises(BackupError, match="signature does not fit"):
        told(remade(change))


CONTENTS = {"empty": b"", "text": b"no archive", "packed": gzip.compress(b"x" * 2000)}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_what_is_no_backup_is_said_to_be_none(content):
    with pytest.raises(BackupError):
        told(content)


def test_a_newer_format_is_refused():
    def change(members):
        return {**members, "header.json": b'{"format": 2, "salt": null}'}

    with pytest.raises(BackupError, match="newer version"):
        told(remade(change))


def test_a_file_that_became_shorter_is_told():
    with (
        Writer(io.BytesIO(), None) as archive,
        pytest.raises(BackupError, match="changed while it was read"),
    ):
        archive.add("artefacts/x", io.BytesIO(b"short"), 10)


def test_what_is_extracted_is_for_nobody_else_to_read(tmp_path):
    read(io.BytesIO(made()), PASSPHRASE, extracting(tmp_path))

    assert (tmp_path / "database").read_bytes() == FILES["database"]
    assert (tmp_path / "database").stat().st_mode & 0o077 == 0
