"""What others made is what it says it is."""

import hashlib
import re
from base64 import b64encode

from crmapp.config import ROOT
from crmapp.web.assets import STATIC
from crmapp.web.templating import HTMX_CDN, HTMX_LOCAL, HTMX_SRI

ICON = re.compile(r"""(?:icon|icon_button)\(\s*(?:_\("[^"]*"\),\s*)?["']([a-z0-9-]+)["']""")


def test_the_copy_of_htmx_is_the_one_the_cdn_must_send():
    digest = hashlib.sha384((STATIC / HTMX_LOCAL).read_bytes()).digest()

    assert f"sha384-{b64encode(digest).decode()}" == HTMX_SRI


def test_the_cdn_is_asked_for_exactly_that_version():
    version = re.search(r"htmx-([\d.]+)\.min\.js", HTMX_LOCAL)[1]

    assert f"htmx.org@{version}/" in HTMX_CDN


def test_every_file_of_others_has_its_licence():
    named = (STATIC / "vendor" / "README.md").read_text()

    for licence in ("htmx-LICENSE.txt", "lucide-LICENSE.txt"):
        assert licence in named
        assert (STATIC / "vendor" / licence).stat().st_size > 200
    assert "SIL OPEN FONT LICENSE" in (STATIC / "fonts" / "Inter-OFL.txt").read_text()


def test_every_icon_that_is_shown_is_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    templates = (ROOT / "crmapp" / "templates").rglob("*.html")
    shown = {name for path in templates for name in ICON.findall(path.read_text())}

    assert shown - sprite == set()
    assert len(shown) > 5


def test_the_style_sheets_name_no_other_host():
    sheets = "".join(path.read_text() for path in (STATIC / "css").glob("*.css"))

    assert not re.search(r"url\(.?(https?:)?//", sheets)
    assert "@import" not in sheets
    for font in re.findall(r'url\("([^"]+)"\)', sheets):
        assert (STATIC / font).is_file()
