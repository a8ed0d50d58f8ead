"""The address at which clients look for Salesforce, led to a sandbox on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

DOMAIN = "crmapp-demo.my"
HOST = f"{DOMAIN}.salesforce.com"


def session_to(port: int, authority: Path) -> Session:
    """Return a session that reaches :data:`HOST` on this machine, and trusts ``authority``."""
    session = Session()
    session.trust_env = False
    session.mount(f"https://{HOST}", _Led(port, authority))
    return session


class _Led(HTTPAdapter):
    def __init__(self, port: int, authority: Path) -> None:
        self._port = port
        self._authority = str(authority)
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, server_hostname=HOST, assert_hostname=HOST)

    def send(self, request: PreparedRequest, **options: Any) -> Response:  # type: ignore[override]  # its own options
        parts = urlsplit(request.url or "")
        request.headers["Host"] = HOST
        request.url = parts._replace(netloc=f"127.0.0.1:{self._port}").geturl()
        return super().send(request, **{**options, "verify": self._authority})
