"""Build ``crmapp/static/fonts/``: Inter with the weights, shapes and letters in use, nothing else.

Usage: ``npm pack inter-ui@4.1.1``, unpack it, install ``fonttools`` and ``brotli``, then
``python scripts/build_fonts.py package/variable/InterVariable.woff2``. Western and Eastern European
letters stand in one file, so that a first view takes one. What is left out, as Vietnamese or
Arabic, is drawn in the system's font.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONTS = Path(__file__).resolve().parent.parent / "crmapp" / "static" / "fonts"
AXES = {"wght": (400, 700), "opsz": 14}
FEATURES = ["ccmp", "kern", "locl", "mark", "tnum", "cv05", "cv08", "ss03"]
LETTERS = {
    "latin": "0000-017F 0218-021B 02BB-02BC 02C6 02DA 02DC 1E9E 2010-2027 202F 2030 2032-2033 "
    "2039-203A 2044 20A0-20C0 2116 2122 2190-2193 2212 2215 2248 2260 2264-2265 FEFF FFFD",
    "cyrillic": "0301 0400-045F 0490-0491 04B0-04B1",
    "greek": "0370-0377 037A-037F 0384-038A 038C 038E-03A1 03A3-03FF",
}
"""The ranges of ``unicode-range`` in ``css/00-tokens.css``."""


def build(source: Path, ranges: str) -> TTFont:
    """Return the font with the letters of ``ranges``."""
    letters: list[int] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        letters += range(int(first, 16), int(last or first, 16) + 1)
    font = TTFont(source)
    subsetter = Subsetter(Options(layout_features=FEATURES, hinting=False))
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)
    font = instantiateVariableFont(font, AXES)
    font.flavor = "woff2"
    return font


def main() -> None:
    logging.disable(logging.WARNING)
    for name, ranges in LETTERS.items():
        target = FONTS / f"inter-{name}.woff2"
        build(Path(sys.argv[1]), ranges).save(target)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
