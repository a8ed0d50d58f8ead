"""Files to attach, and what is kept of them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from crmapp.config import settings
from crmapp.services.attachment_intake import Sent

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
OFFER = "Offer 2026.pdf"


def sent(name: str = OFFER, content: bytes = PDF) -> Sent:
    return Sent(name, BytesIO(content))


def kept_files() -> list[Path]:
    """The files that are kept, and those that are on their way."""
    folder = settings().attachments_dir
    found = folder.rglob("*") if folder.exists() else ()
    return sorted(each for each in found if each.is_file() and each.name not in ("lock", "turn"))
