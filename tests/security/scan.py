"""Wapiti asks a running installation with the demo, as a visitor and as three roles."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from crmapp.config import ROOT
from crmapp.services.demo import PASSWORD
from tests.support import apart
from tests.support.processes import Installation

LOCK = ROOT / "tests" / "security" / "wapiti.lock"
PEOPLE = {"visitor": "", "rep": "rita", "manager": "mona", "administrator": "alice"}
MODULES = "cookieflags,csp,http_headers,csrf,crlf,exec,file,methods,permanentxss,redirect,sql,xss"
"""Those that need nobody outside; ``ssrf`` would ask a server of wapiti's to listen."""
LEFT_OUT = (
    "/logout",
    "/change",
    "/preferences/sessions",
    "/tf-setup",
    "/admin/users/view",
    "/static",
)
"""What would sign the scanner out, or in as somebody else, and files that are the same for all."""
MEDIUM = 2
"""Wapiti's levels go from 1, low, to 4, critical; 0 is what it only tells."""
EXPLAINED = {
    "Secure Flag cookie": "The demo is asked by http; behind HTTPS cookies have it.",
    "HTTP Strict Transport Security (HSTS)": "As above: sent behind HTTPS.",
}
"""What docs/security.md explains."""


def cookie_of(url: str, login: str) -> str:
    """Sign a person of the demo in and return her cookie; a visitor has none."""
    if not login:
        return ""
    with httpx.Client(base_url=url, timeout=30) as client:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login").text)
        assert token
        form = {"email": f"{login}@demo.example", "password": PASSWORD, "csrf_token": token[1]}
        answer = client.post("/login", data=form, headers={"Referer": url})
        assert answer.status_code in (302, 303), answer.status_code
        return client.cookies["crmapp"]


def scan(wapiti: Path, url: str, cookie: str, seconds: int, folder: Path) -> dict[str, Any]:
    """Have an installation asked for so long; return the report."""
    report = folder / "report.json"
    words = ["--url", f"{url}/", "--scope", "folder", "--module", MODULES, "--level", "1"]
    words += ["--depth", "4", "--max-links-per-page", "60", "--max-files-per-dir", "60"]
    words += ["--max-scan-time", str(seconds), "--max-attack-time", str(max(seconds // 8, 5))]
    words += ["--tasks", "4", "--no-bugreport", "--flush-session", "--format", "json"]
    words += ["--output", str(report), "--store-session", str(folder / "session")]
    words += [word for path in LEFT_OUT for word in ("--exclude", f"{url}{path}*")]
    if cookie:
        jar = folder / "cookies.json"
        kept = {"version": 0, "expires": None, "secure": False, "port": None, "value": cookie}
        jar.write_text(json.dumps({urlsplit(url).hostname: {"/": {"crmapp": kept}}}))
        words += ["--cookie", str(jar)]
    apart.run([str(wapiti), *words], folder, HOME=str(folder))
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def findings(report: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Yield level, kind and place of whatever was found."""
    for part in ("vulnerabilities", "anomalies"):
        for kind, found in report[part].items():
            for each in found:
                place = f"{each['method']} {each['path']} {each['parameter'] or ''}: {each['info']}"
                yield int(each["level"]), kind, place


def main() -> int:
    """Scan, print what was found; what is medium or worse and not explained fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=75, help="for each of the four (75)")
    parser.add_argument("--who", choices=PEOPLE, action="append", help="only so (all four)")
    asked = parser.parse_args()
    worst = 0
    wapiti = apart.installed("wapiti", "CRMAPP_WAPITI_CACHE", LOCK) / "wapiti"
    with tempfile.TemporaryDirectory(prefix="crmapp-scan-") as name:
        site = Installation(Path(name) / "home", {"CRMAPP_DEMO": "1"})
        site.patience = 300
        with site:
            for who in asked.who or PEOPLE:
                folder = Path(name) / who
                folder.mkdir()
                cookie = cookie_of(site.url, PEOPLE[who])
                report = scan(wapiti, site.url, cookie, asked.seconds, folder)
                pages = report["infos"]["crawled_pages_nbr"]
                print(f"=== {who}: {pages} pages")  # noqa: T201 - for whoever scans
                for level, kind, place in sorted(findings(report), reverse=True):
                    open_ = level >= MEDIUM and kind not in EXPLAINED
                    worst += open_
                    print(f"{'!' if open_ else ' '} {level} {kind}: {place}")  # noqa: T201 - as above
    print(f"{worst} findings of medium or above that nothing explains")  # noqa: T201 - as above
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
