"""E-mail as it arrives, read into plain values: its sender, its text, its files.

Whoever knows an address can send anything. The old policy of :mod:`email` is used: it gives each
header as it came, where the new one parses it on the way, slowly and with errors of its own.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from mimetypes import guess_extension

import nh3

LONGEST_TEXT = 100_000
"""Characters of a message that are read; the rest is left out."""
MOST_PARTS = 200
_DEEPEST = 20
_MOST_LINES, _MOST_MARKS = 1_500_000, 20_000
"""Lines of a message, and those that could begin a part: each costs before it can be counted."""
_LONGEST_HEADER = 20_000
_MOST_ADDRESSES = 500
_LONGEST_HTML = 2 * LONGEST_TEXT
_MOST_TAGS = 5_000
"""Tags of a page that are read: the time that they take grows with how deep they lie."""
_BROKEN = (ValueError, LookupError, AttributeError, TypeError, RecursionError, MessageError)
"""What :mod:`email` raises over headers and bodies that nobody should have sent."""
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BLOCKS = {
    "address",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
}
_BLOCKS |= {"hr", "li", "ol", "p", "pre", "table", "tr", "ul"}
_HIDDEN = {"script", "style", "template", "title"}


class BadMessage(ValueError):
    """What arrived is no e-mail that can be read."""


@dataclass(frozen=True)
class Part:
    """A file that came with a message, under the name that its sender gave it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """A message; addresses are in lower case, ``at`` is none if it does not say when it was sent.

    ``digest`` is the same for copies of one message; ``automatic`` says that no person sent it.
    """

    digest: str
    sender: str
    from_: str
    to: str
    recipients: tuple[str, ...]
    subject: str
    at: datetime | None
    text: str
    parts: tuple[Part, ...]
    automatic: bool


class _Brief(policy.Compat32):
    """Cuts headers: the parameters of a long one take the square of its length to read."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


def read(raw: bytes) -> Mail:
    """Read a message.

    Raises:
        BadMessage: it has too many lines or parts, or no sender.
    """
    if raw.count(b"\n") > _MOST_LINES or raw.count(b"\n--") > _MOST_MARKS:
        raise BadMessage("The message has too many lines or parts.")
    try:
        message = BytesParser(policy=_Brief()).parsebytes(raw)
        leaves = list(_leaves(message, 0))
    except BadMessage:
        raise
    except _BROKEN as error:
        raise BadMessage("The message cannot be read.") from error
    if len(leaves) > MOST_PARTS:
        raise BadMessage(f"The message has more than {MOST_PARTS} parts.")
    senders = _addresses(message, "from")
    if not senders:
        raise BadMessage("The message does not say who sent it.")
    return Mail(
        digest=_digest(message, raw),
        sender=senders[0],
        from_=_header(message, "from"),
        to=", ".join(filter(None, (_header(message, name) for name in ("to", "cc")))),
        recipients=tuple(_addresses(message, "to", "cc", "bcc", "delivered-to", "x-original-to")),
        subject=_header(message, "subject"),
        at=_moment(message),
        text=_text(leaves),
        parts=tuple(_parts(leaves)),
        automatic=_is_automatic(message),
    )


def _leaves(message: Message, depth: int) -> Iterator[Message]:
    """Return the parts that hold something; a message within a message is one of them."""
    if depth > _DEEPEST:
        raise BadMessage("The parts of the message lie too deep.")
    inside = message.get_payload()
    if message.get_content_maintype() != "multipart" or not isinstance(inside, list):
        yield message
        return
    for part in inside:
        if isinstance(part, Message):
            yield from _leaves(part, depth + 1)


def _raw(message: Message, *names: str) -> list[str]:
    """Return the headers as they came; bytes that are no ASCII are read as UTF-8."""
    return [
        value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for name, value in message.raw_items()
        if name.lower() in names and isinstance(value, str)
    ]


def _header(message: Message, name: str) -> str:
    return _decoded(next(iter(_raw(message, name)), ""))


def _decoded(text: str) -> str:
    try:
        said = str(make_header(decode_header(text)))
    except _BROKEN:
        said = text
    return " ".join(_UNWANTED.sub("", said).split())


def _addresses(message: Message, *names: str) -> list[str]:
    try:
        found = [address.lower() for _name, address in getaddresses(_raw(message, *names))]
    except _BROKEN:
        return []
    usable = dict.fromkeys(each for each in found if "@" in each and each.isprintable())
    return list(usable)[:_MOST_ADDRESSES]


def _digest(message: Message, raw: bytes) -> str:
    known = next(iter(_raw(message, "message-id")), "").strip()
    return hashlib.sha256(known.encode() if known else raw).hexdigest()


def _moment(message: Message) -> datetime | None:
    try:
        at = parsedate_to_datetime(_header(message, "date"))
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at.astimezone(UTC) if 1970 <= at.year <= 2200 else None
    except (OverflowError, *_BROKEN):
        return None


def _is_automatic(message: Message) -> bool:
    """Whether no person sent it: an answer on absence, or a report that a mail did not arrive."""
    said = _header(message, "auto-submitted").lower()
    nobody = any(each.strip() == "<>" for each in _raw(message, "return-path"))
    report = message.get_content_type() == "multipart/report"
    older = _header(message, "precedence").lower() == "auto_reply"
    older = older or bool(_raw(message, "x-autoreply", "x-autorespond"))
    return (bool(said) and not said.startswith("no")) or nobody or report or older


def _text(leaves: list[Message]) -> str:
    """Return what the message says: its plain text, else its HTML without what is for the eye."""
    kinds: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for part in leaves:
        if part.get_content_type() in kinds and not _filename(part):
            kinds[part.get_content_type()].append(_body(part))
    plain = "\n\n".join(kinds["text/plain"]).strip()
    said = plain or "\n\n".join(map(plain_text, kinds["text/html"]))
    return _UNWANTED.sub("", said.replace("\r\n", "\n").replace("\r", "\n")).strip()[:LONGEST_TEXT]


def _body(part: Message) -> str:
    content = _content(part)
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except _BROKEN:
        return content.decode("utf-8", "replace")


def _content(part: Message) -> bytes:
    """Return the bytes of a part, as well as they can be told."""
    inside = part.get_payload()
    try:
        if isinstance(inside, list):  # a message within the message
            return inside[0].as_bytes() if inside and isinstance(inside[0], Message) else b""
        content = part.get_payload(decode=True)
    except _BROKEN:
        return b""
    return content if isinstance(content, bytes) else b""


def _filename(part: Message) -> str:
    """Return the name of a part that is a file; empty if it is to be read."""
    try:
        name = _decoded(part.get_filename() or "")
        attached = part.get_content_disposition() == "attachment"
    except _BROKEN:
        name, attached = "", True
    kind = part.get_content_type()
    if name or (kind in ("text/plain", "text/html") and not attached):
        return name
    ending = ".eml" if kind == "message/rfc822" else guess_extension(kind) or ".bin"
    return f"{part.get_content_maintype()}{ending}"


def _parts(leaves: list[Message]) -> Iterator[Part]:
    for part in leaves:
        name = _filename(part)
        if name and (content := _content(part)):
            yield Part(name, content)


def plain_text(page: str) -> str:
    """Return what an HTML page says, a line for each of its blocks.

    It is cleaned first, by a parser that takes a hostile page as fast as any other.
    """
    begun = "<".join(page[:_LONGEST_HTML].split("<", _MOST_TAGS)[:_MOST_TAGS])
    cleaned = nh3.clean(
        begun,
        tags=_BLOCKS,
        attributes={},
        clean_content_tags=_HIDDEN,
        link_rel=None,
    )
    said = html.unescape(re.sub(r"<[^>]*>", "\ue000", cleaned))
    lines = (" ".join(line.split()) for line in said.split("\ue000"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
