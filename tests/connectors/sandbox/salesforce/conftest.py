"""A pretend Salesforce for each test, and programs that are signed in to it."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crmapp.connectors.sandbox.faulty import Faulty
from crmapp.connectors.sandbox.salesforce import create_app
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, CLIENT_SECRET
from crmapp.connectors.sandbox.serving import Server

KEY = "ia_crm__IntacctID__c"
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
}

_TRUST = ssl.create_default_context()  # one for all: to read the authorities takes its time


class Api(httpx.Client):
    """A program that is signed in, with paths below the version."""

    def __init__(self, url: str, version: str = "66.0") -> None:
        where = f"{url}/services/oauth2/token"
        signed = httpx.post(where, data=CREDENTIALS, verify=_TRUST).json()
        self.site = url
        super().__init__(
            base_url=f"{url}/services/data/v{version}",
            headers={"Authorization": f"Bearer {signed['access_token']}"},
            timeout=60,
            verify=_TRUST,
        )

    def query(self, soql: str, **headers: str) -> dict[str, Any]:
        answer = self.get("/query", params={"q": soql}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def records(self, soql: str) -> list[dict[str, Any]]:
        """Return the records without what is said about them."""
        found = self.query(soql)["records"]
        return [{name: v for name, v in each.items() if name != "attributes"} for each in found]

    def names(self, where: str, object: str = "Account") -> list[str]:
        found = self.records(f"SELECT Name FROM {object} {where}")
        return [each["Name"] for each in found]

    def create(self, object: str = "Account", **values: Any) -> str:
        answer = self.post(f"/sobjects/{object}", json=values)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def control(self, action: str, /, **given: Any) -> Any:
        answer = self.post(f"{self.site}/__control/{action}", json=given)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, kind: str, **given: Any) -> None:
        self.control("faults", kind=kind, **given)


def error(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()[0]["errorCode"]


@pytest.fixture(scope="session")
def new_org(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an org as it is when it is new."""
    folder = tmp_path_factory.mktemp("org")
    create_app(folder).store.close()
    return folder / "salesforce.db"


@pytest.fixture
def folder(new_org: Path, tmp_path: Path) -> Path:
    (tmp_path / "salesforce").mkdir()
    shutil.copy(new_org, tmp_path / "salesforce")
    return tmp_path / "salesforce"


@pytest.fixture
def app(folder: Path) -> Iterator[Faulty]:
    app = create_app(folder)
    yield app
    app.store.close()


@pytest.fixture
def server(app: Faulty) -> Iterator[Server]:
    with Server(app) as server:
        yield server


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    with Api(server.url) as api:
        yield api


@pytest.fixture
def signed_in(server: Server) -> Iterator[Callable[..., Api]]:
    """Return a function that signs another program in."""
    opened: list[Api] = []

    def sign_in(**options: Any) -> Api:
        opened.append(Api(server.url, **options))
        return opened[-1]

    yield sign_in
    for each in opened:
        each.close()
