"""Files on their way to a record: received, looked at, and kept once all is well."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

from crmapp import contents
from crmapp.config import settings
from crmapp.contents import Received
from crmapp.domain.attachments import HEAD, MOST_AT_ONCE, BadFile, clean_name, type_of
from crmapp.errors import DISK_FULL, Unavailable
from crmapp.i18n import N_, Text
from crmapp.services.attachment_scan import scan

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_UNWRITABLE = N_(
    "The server cannot write to the folder of attached files. Nothing was saved; tell whoever runs"
    " it, and try again."
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sent:
    """A file as it comes: the name that its sender gave it, and its bytes."""

    name: str
    stream: IO[bytes]


@dataclass(frozen=True)
class Accepted:
    """A file that may be attached, waiting to be kept."""

    name: str
    media_type: str
    file: Received


@dataclass(frozen=True)
class Refused:
    """A file that may not be attached, and why."""

    name: str
    reason: Text


@contextmanager
def taken(sent: Iterable[Sent]) -> Iterator[tuple[list[Accepted], list[Refused]]]:
    """Receive files for the time of a block: those that may be attached, and the others.

    Raises:
        Unavailable: the disk is full or may not be written to.
    """
    accepted: list[Accepted] = []
    refused: list[Refused] = []
    with disk_troubles(), ExitStack() as stack:
        for place, each in enumerate(sent):
            name = clean_name(each.name)
            try:
                if place >= MOST_AT_ONCE:
                    many = N_("At most %(most)s files are taken at a time. Send it by itself.")
                    raise BadFile(Text(many, {"most": MOST_AT_ONCE}))
                accepted.append(_looked_at(name, each.stream, stack))
            except BadFile as bad:
                refused.append(Refused(name, bad.text))
        yield accepted, refused


def _looked_at(name: str, stream: IO[bytes], stack: ExitStack) -> Accepted:
    most = settings().attachment_bytes
    file = stack.enter_context(contents.received(stream, most=most, head=HEAD))
    if not file.size:
        raise BadFile(Text(N_("The file is empty.")))
    if file.size > most:
        text = N_("The file is too large: at most %(size)s MB can be attached.")
        raise BadFile(Text(text, {"size": f"{most / (1 << 20):g}"}))
    media_type = type_of(name, file.head).media_type
    scan(file.path)
    return Accepted(name, media_type, file)


@contextmanager
def disk_troubles() -> Iterator[None]:
    """Say in a sentence that files cannot be written.

    Raises:
        Unavailable: they cannot.
    """
    try:
        yield
    except OSError as error:
        log.warning("attached files cannot be written: %s", error)
        full = error.errno in _FULL
        raise Unavailable(Text(DISK_FULL if full else _UNWRITABLE)) from error
