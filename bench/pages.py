"""All pages that are compared with bare ones, on one database with a million accounts.

python -m bench.pages --rows 1000000
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench import accounts, api, fields, palette, record
from bench.bare import run
from bench.figures import Figure, Size
from bench.filled import Filled, filled


def figures_of(of: Filled, size: Size) -> Iterator[Figure]:
    """The list, also by the API, the record page, the palette, views and the type-ahead."""
    for part in (accounts, api, record, palette, fields):
        yield from part.figures_of(of, size)


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Fill a database and measure its pages."""
    with filled(folder / f"accounts-{size.accounts}", size.accounts) as of:
        yield from figures_of(of, size)


if __name__ == "__main__":
    run(__doc__, figures_of)
