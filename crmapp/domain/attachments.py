"""Which files may be attached to records, and under which names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from crmapp.domain.fields import Field
from crmapp.i18n import N_, Text

MOST_AT_ONCE = 20
"""How many files one form or one e-mail may bring."""
LONGEST_NAME = 200
HEAD = 4096
"""How many of a file's first bytes tell what it is."""
UNNAMED = "file"
_UNWANTED = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Control characters, marks that turn the direction of a text, halves of characters, line ends."""
_RESERVED = re.compile(r'[<>:"|?*]')

ATTACHMENT_FIELDS: dict[str, Field] = {
    spec.name: spec
    for spec in [
        Field(name="name", label=N_("File"), help="", max_length=LONGEST_NAME, mappable=False),
    ]
}


@dataclass(frozen=True)
class FileType:
    """A type of files: how it is sent, and what tells it by the first bytes of a file."""

    media_type: str
    is_one: Callable[[bytes], bool]


def _begins(*marks: bytes, at: int = 0) -> Callable[[bytes], bool]:
    return lambda head: any(head[at:].startswith(mark) for mark in marks)


def _is_text(head: bytes) -> bool:
    """Whether it is text: UTF-16 has NULs, and says so first."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" not in head


_ZIP = _begins(b"PK\x03\x04", b"PK\x05\x06")
_OLE = _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_BOX = _begins(b"ftyp", at=4)
_OPEN = "application/vnd.oasis.opendocument."
_OFFICE = "application/vnd.openxmlformats-officedocument."

TYPES: dict[str, FileType] = {
    "pdf": FileType("application/pdf", lambda head: b"%PDF-" in head[:1024]),
    "docx": FileType(f"{_OFFICE}wordprocessingml.document", _ZIP),
    "xlsx": FileType(f"{_OFFICE}spreadsheetml.sheet", _ZIP),
    "pptx": FileType(f"{_OFFICE}presentationml.presentation", _ZIP),
    "odt": FileType(f"{_OPEN}text", _ZIP),
    "ods": FileType(f"{_OPEN}spreadsheet", _ZIP),
    "odp": FileType(f"{_OPEN}presentation", _ZIP),
    "doc": FileType("application/msword", _OLE),
    "xls": FileType("application/vnd.ms-excel", _OLE),
    "ppt": FileType("application/vnd.ms-powerpoint", _OLE),
    "msg": FileType("application/vnd.ms-outlook", _OLE),
    "rtf": FileType("application/rtf", _begins(b"{\\rtf")),
    "png": FileType("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    "jpg": FileType("image/jpeg", _begins(b"\xff\xd8\xff")),
    "jpeg": FileType("image/jpeg", _begins(b"\xff\xd8\xff")),
    "gif": FileType("image/gif", _begins(b"GIF87a", b"GIF89a")),
    "webp": FileType("image/webp", _begins(b"WEBP", at=8)),
    "bmp": FileType("image/bmp", _begins(b"BM")),
    "tif": FileType("image/tiff", _begins(b"II*\x00", b"MM\x00*")),
    "tiff": FileType("image/tiff", _begins(b"II*\x00", b"MM\x00*")),
    "heic": FileType("image/heic", _BOX),
    "mp4": FileType("video/mp4", _BOX),
    "mov": FileType("video/quicktime", _begins(b"ftyp", b"moov", b"wide", b"mdat", at=4)),
    "m4a": FileType("audio/mp4", _BOX),
    "mp3": FileType("audio/mpeg", _begins(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "wav": FileType("audio/wav", _begins(b"WAVE", at=8)),
    "zip": FileType("application/zip", _ZIP),
    "txt": FileType("text/plain", _is_text),
    "md": FileType("text/plain", _is_text),
    "csv": FileType("text/csv", _is_text),
    "tsv": FileType("text/tab-separated-values", _is_text),
    "ics": FileType("text/calendar", _is_text),
    "vcf": FileType("text/vcard", _is_text),
    "eml": FileType("message/rfc822", _is_text),
}
"""Ending → the type of files that may be attached. None that a browser would run is among them."""


class BadFile(ValueError):
    """A file that cannot be attached; ``text`` says why."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(str(text))


def clean_name(name: str) -> str:
    """Return the last part of a file's name, without what would deceive a reader or a disk."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", _whole(name)))[-1]
    shown = "".join(each for each in last if unicodedata.category(each) not in _UNWANTED)
    shown = " ".join(_RESERVED.sub("_", shown).split()).strip(". ")
    stem, dot, ending = shown.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 1] or UNNAMED}.{ending}"
    return shown[:LONGEST_NAME] or UNNAMED


def _whole(name: str) -> str:
    """Return the name without halves of characters, which no database keeps."""
    return name.encode("utf-8", "replace").decode("utf-8")


def type_of(name: str, head: bytes) -> FileType:
    """Return the type of a file by its name and its first bytes.

    Raises:
        BadFile: its type is none of those that may be attached, or it is not what its name says.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    found = TYPES.get(ending)
    if found is None:
        raise BadFile(
            Text(N_("Files of this type cannot be attached. Send a PDF, an image or a ZIP file."))
        )
    if not found.is_one(head):
        text = N_("Its content is not what its name says: it is no “.%(ending)s” file.")
        raise BadFile(Text(text, {"ending": ending}))
    return found
