"""Which files may be attached, and under which names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.attachments import LONGEST_NAME, TYPES, BadFile, clean_name, type_of
from tests.support.attached import PDF, PNG


@pytest.mark.parametrize(
    "sent, kept",
    [
        ("offer.pdf", "offer.pdf"),
        ("C:\\Users\\bob\\offer.pdf", "offer.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  .hidden. ", "hidden"),
        ("a<b>|c?.pdf", "a_b__c_.pdf"),
        ("", "file"),
        ("///", "file"),
        (".pdf", "pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("half \ud800.txt", "half ?.txt".replace("?", "_")),
        ("Zoe\u0308.txt", "Zoë.txt"),
    ],
)
def test_a_name_is_cleaned(sent, kept):
    assert clean_name(sent) == kept


@given(st.text(max_size=400))
def test_every_name_can_be_kept_and_shown(name):
    kept = clean_name(name)

    assert 0 < len(kept) <= LONGEST_NAME
    assert not {"/", "\\"} & set(kept)
    assert all(unicodedata.category(each) not in ("Cc", "Cf", "Cs") for each in kept)
    assert clean_name(kept) == kept


def test_the_type_is_told_by_name_and_content():
    assert type_of("Offer.PDF", PDF).media_type == "application/pdf"
    assert type_of("photo.png", PNG).media_type == "image/png"
    assert type_of("list.csv", "a;b\n".encode("utf-16")).media_type == "text/csv"


@pytest.mark.parametrize("name", ["run.exe", "page.html", "image.svg", "Makefile", "a.pdf.js", ""])
def test_a_type_that_is_not_offered_is_refused(name):
    with pytest.raises(BadFile, match="cannot be attached"):
        type_of(name, b"anything")


@pytest.mark.parametrize(
    "name, content",
    [("a.pdf", PNG), ("a.png", PDF), ("a.docx", b"<html>"), ("a.txt", b"MZ\x00"), ("a.webp", b"")],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(name, content):
    with pytest.raises(BadFile, match="Its content is not what its name says"):
        type_of(name, content)


def test_no_type_is_one_that_a_browser_would_run():
    active = ("html", "xml", "svg", "javascript")

    assert [ending for ending, kind in TYPES.items() if kind.media_type.endswith(active)] == []
