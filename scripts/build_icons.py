"""Build ``crmapp/static/icons.svg``: the icons in use, out of an unpacked ``lucide-static``.

Usage: ``npm pack lucide-static@1.62.0 && tar xzf lucide-static-1.62.0.tgz &&
python scripts/build_icons.py package/icons``. Add a name to ``NAMES`` and run it again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

# fmt: off
NAMES = [
    "activity", "arrow-down", "arrow-left", "arrow-right", "arrow-up", "badge-check", "ban",
    "bell", "building-2", "calendar", "calendar-check", "calendar-days", "chart-no-axes-column",
    "check", "check-check", "chevron-down", "chevron-left", "chevron-right", "chevron-up",
    "chevrons-up-down", "circle-alert", "circle-check", "circle-dot", "circle-help", "circle-x",
    "clock", "columns-3", "contact", "copy", "database", "download", "ellipsis",
    "ellipsis-vertical", "external-link", "eye", "file-down", "file-text", "focus", "git-merge",
    "globe", "grip-vertical", "handshake", "history", "house", "inbox", "info", "key-round",
    "keyboard", "languages",
    "life-buoy", "link", "list-checks", "list-filter", "loader-circle", "lock", "log-out",
    "mail", "map-pin", "menu", "minus", "monitor", "moon", "mouse-pointer-2", "notebook-pen",
    "package", "panel-left", "pencil", "phone", "play", "plus", "refresh-cw", "rows-2",
    "rows-3", "search", "send", "server", "settings", "sliders-horizontal", "square-check-big",
    "star", "sticky-note", "sun", "table-2", "tag", "trash-2", "trending-down", "trending-up",
    "triangle-alert", "undo-2", "upload", "user", "user-plus", "users", "x",
]
# fmt: on
SPRITE = Path(__file__).resolve().parent.parent / "crmapp" / "static" / "icons.svg"


def symbol(folder: Path, name: str) -> str:
    """Return the icon ``name`` as a ``<symbol>``."""
    svg = (folder / f"{name}.svg").read_text()
    body = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    if body is None:
        raise SystemExit(f"{name}.svg is not an icon")
    shapes = re.sub(r"\s*\n\s*", "", body[1]).replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def main() -> None:
    folder = Path(sys.argv[1])
    symbols = "\n".join(symbol(folder, name) for name in sorted(NAMES))
    licence = "<!-- Lucide 1.62.0, ISC licence: vendor/lucide-LICENSE.txt -->"
    SPRITE.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{licence}\n{symbols}\n</svg>\n')


if __name__ == "__main__":
    main()
