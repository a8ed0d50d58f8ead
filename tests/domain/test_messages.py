"""E-mail as it arrives, also from those who mean no good."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmapp.domain.messages import LONGEST_TEXT, MOST_PARTS, BadMessage, plain_text, read
from tests.support.letters import letter, with_file

HEAD = b"From: bob@crm.example\nSubject: Hi\n"


def nested(depth):
    body = b"deep"
    for level in range(depth):
        mark = b"b%d" % level
        body = b"Content-Type: multipart/mixed; boundary=%b\n\n--%b\n%b\n--%b--\n" % (
            mark, mark, body, mark,
        )  # fmt: skip
    return HEAD + body


def test_a_message_is_read():
    mail = read(letter("a@x.example, B@x.example", "Bob <BOB@crm.example>").as_bytes())

    assert (mail.sender, mail.from_) == ("bob@crm.example", "Bob <BOB@crm.example>")
    assert mail.recipients == ("a@x.example", "b@x.example")
    assert (mail.subject, mail.text) == ("Your prices", "Dear Zoe,")
    assert mail.at == datetime(2026, 6, 15, 8, tzinfo=UTC)
    assert (mail.parts, mail.automatic) == ((), False)


def test_words_that_are_encoded_are_decoded():
    message = with_file(letter(subject="Größe – Prüfung", text="Grüße"), "Übersicht.pdf")
    mail = read(message.as_bytes())

    assert (mail.subject, mail.text, mail.parts[0].name) == (
        "Größe – Prüfung", "Grüße", "Übersicht.pdf",
    )  # fmt: skip


def test_plain_text_is_preferred_to_html():
    message = letter(text="Plain")
    message.add_alternative("<p>Rich</p>", subtype="html")

    assert read(message.as_bytes()).text == "Plain"


def test_html_becomes_text():
    message = letter()
    message.set_content(
        "<html><head><title>No</title><style>p {}</style></head><body><p>Dear&nbsp;Zoe,</p>"
        "<div>one<br>two &amp; three</div><script>alert(1)</script></body></html>",
        subtype="html",
    )

    assert read(message.as_bytes()).text == "Dear Zoe,\n\none\ntwo & three"


def test_a_message_that_was_forwarded_is_a_file():
    message = letter()
    message.add_attachment(letter(subject="Inner"))

    (part,) = read(message.as_bytes()).parts

    assert part.name == "message.eml"
    assert b"Subject: Inner" in part.content


@pytest.mark.parametrize(
    "header",
    [
        b"Auto-Submitted: auto-generated\n",
        b"Return-Path: <>\n",
        b"Content-Type: multipart/report; boundary=x\n",
    ],
)
def test_what_no_person_sent_is_known(header):
    assert read(HEAD + header + b"\nHi").automatic


def test_a_person_may_say_that_she_is_one():
    assert not read(HEAD + b"Auto-Submitted: no\n\nHi").automatic


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1000,
        b"no headers at all",
        b"From: nobody\n\nHi",
        nested(40),
        nested(3000),
        HEAD
        + b"Content-Type: multipart/mixed; boundary=x\n\n"
        + b"--x\n\na\n" * (MOST_PARTS + 1)
        + b"--x--\n",
        HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n" * 30_000,
        HEAD + b"\n" * 2_000_000,
    ],
    ids=["empty", "nul", "text", "nobody", "deep", "deeper", "parts", "bomb", "lines"],
)
def test_what_is_no_message_is_refused(raw):
    with pytest.raises(BadMessage):
        read(raw)


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Type: text/plain; charset=klingon\n\nHi",
        b'Content-Type: text/plain; charset="\xff"\n\nHi',
        b"Content-Transfer-Encoding: base64\n\n!!!",
        b"Content-Type: multipart/mixed\n\nHi",
        b"Date: yesterday\nSubject: =?utf-8?b?!!!?=\n\nHi",
        b"Date: Mon, 15 Jun 99999 10:00:00 +9999\n\nHi",
        b"Subject: =?klingon?q?nuqneH?=\nTo: <<<>>>,,;:@\n\nHi",
        b"To: " + b"(" * 5000 + b"\n\nHi",
        b"Content-Disposition: attachment; filename*=klingon''%ff%fe\n\nHi",
        b"Content-Disposition: attachment; filename*99999=x; filename*0*=\n\nHi",
        b"Message-ID: \xff\xfe\n\nHi \xff\x00",
    ],
)
def test_a_broken_message_is_read_as_well_as_it_can_be(rest):
    mail = read(HEAD + rest)

    assert mail.sender == "bob@crm.example"
    mail.text.encode()
    mail.subject.encode()


def test_a_header_is_cut_where_it_becomes_too_long():
    assert len(read(HEAD + b"To: " + b"a" * 50_000 + b"\n\nHi").to) < 50_000


def test_a_page_is_read_up_to_as_many_tags_as_one_can_be_deep():
    assert len(plain_text("<p>x" * 10_000).split()) == 4_999


def test_a_text_is_cut_where_it_becomes_too_long():
    assert len(read(HEAD + b"\n" + b"x" * (LONGEST_TEXT + 5)).text) == LONGEST_TEXT


_NAMES = st.sampled_from(
    ["From", "To", "Subject", "Date", "Message-ID", "Content-Type", "Content-Disposition"]
    + ["Content-Transfer-Encoding", "MIME-Version", "Auto-Submitted", "Return-Path", "X"]
)
_VALUES = st.one_of(
    st.binary(max_size=60).map(lambda each: each.replace(b"\n", b" ")),
    st.sampled_from(
        [b"bob@crm.example", b"multipart/mixed; boundary=x", b"multipart/alternative; boundary=x"]
        + [
            b"message/rfc822",
            b"text/html; charset=utf-7",
            b"base64",
            b"quoted-printable",
            b"uuencode",
        ]
        + [b"attachment; filename=a.pdf", b"=?utf-8?q?=?= <=?=", b"inline; filename*0*=utf-8''%"]
    ),
)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=8)
_BODIES = st.lists(
    st.sampled_from([b"--x\n", b"--x--\n", b"\n", b"From: a@b\n", b"Content-Type: text/html\n"])
    | st.binary(max_size=40),
    max_size=12,
)


@given(_HEADERS, _BODIES)
@example([("From", b"a@b"), ("Content-Type", b"message/rfc822")], [b"\n"])
def test_no_message_breaks_the_reading(headers, body):
    raw = b"".join(name.encode() + b": " + value + b"\n" for name, value in headers)
    try:
        mail = read(raw + b"\n" + b"".join(body))
    except BadMessage:
        return
    assert mail.sender.isprintable()
    assert "\x00" not in mail.text + mail.subject + mail.from_ + mail.to
    (mail.text + mail.subject + mail.from_ + mail.to).encode()


@given(st.text(alphabet=string.ascii_letters + "<>/!-&;#x \n\"'=", max_size=300))
def test_every_page_becomes_text(html):
    assert "\n\n\n" not in plain_text(html)
