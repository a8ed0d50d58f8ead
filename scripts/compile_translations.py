"""Compile the catalogues (``messages.po`` → ``messages.mo``), or count what one still lacks.

Usage: ``python scripts/compile_translations.py [--missing FILE.po]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent.parent / "crmapp" / "translations"


def catalogue(path: Path) -> Catalog:
    """Read a catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def is_missing(message: Message) -> bool:
    """Whether a text has no translation, or one that nobody has looked at."""
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return bool(message.id) and (message.fuzzy or not all(texts))


def main() -> None:
    if sys.argv[1:2] == ["--missing"]:
        print(sum(map(is_missing, catalogue(Path(sys.argv[2])))))
        return
    for path in FOLDER.glob("*/LC_MESSAGES/messages.po"):
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue(path))


if __name__ == "__main__":
    main()
