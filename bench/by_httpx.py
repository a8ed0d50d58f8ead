"""Reading from and writing to the pretend systems with ``httpx`` alone, as one does by hand.

The questions are those that the connectors ask, and what is answered is read to plain values:
there is no description, no type but JSON's own, no log, no retry and no time limit.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self
from xml.etree.ElementTree import Element, fromstring
from xml.sax.saxutils import escape

import httpx

from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.salesforce import apps

Rows = list[Mapping[str, Any]]
_SERVICES = "/services/data/v66.0/"
_PAUSE = 0.1


class _Client:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=600, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _sent(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._client.request(method, path, **more)
        answer.raise_for_status()
        return answer


class BareSalesforce(_Client):
    """A signed-in client of Salesforce's REST API."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        form = {
            "grant_type": "client_credentials",
            "client_id": apps.CLIENT_ID,
            "client_secret": apps.CLIENT_SECRET,
        }
        token = self._sent("POST", "/services/oauth2/token", data=form).json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def read(self, object: str, fields: Sequence[str], since: str = "") -> Rows:
        """Return all records, or those changed at ``since`` or later."""
        chosen = ", ".join(dict.fromkeys(("Id", "SystemModstamp", *fields)))
        where = f" WHERE SystemModstamp >= {since}" if since else ""
        order = "SystemModstamp, Id" if since else "Id"
        question = f"SELECT {chosen} FROM {object}{where} ORDER BY {order}"
        answer = self._sent("GET", f"{_SERVICES}query", params={"q": question}).json()
        rows: Rows = answer["records"]
        while not answer["done"]:
            answer = self._sent("GET", answer["nextRecordsUrl"]).json()
            rows += answer["records"]
        return rows

    def write(
        self, object: str, key: str, head: Sequence[str], rows: Sequence[Sequence[str]]
    ) -> int:
        """Write rows by a job of Bulk API 2.0, and return how many results it has."""
        wanted = {
            "object": object,
            "contentType": "CSV",
            "lineEnding": "LF",
            "operation": "upsert",
            "externalIdFieldName": key,
        }
        job = f"{_SERVICES}jobs/ingest"
        job += f"/{self._sent('POST', job, json=wanted).json()['id']}"
        file = io.StringIO(newline="")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
        as_csv = {"Content-Type": "text/csv; charset=UTF-8"}
        self._sent("PUT", f"{job}/batches", content=file.getvalue().encode(), headers=as_csv)
        self._sent("PATCH", job, json={"state": "UploadComplete"})
        while (state := self._sent("GET", job).json()["state"]) != "JobComplete":
            assert state in ("UploadComplete", "InProgress"), state
            time.sleep(_PAUSE)
        text = self._sent("GET", f"{job}/successfulResults/").text
        return sum(1 for row in csv.DictReader(io.StringIO(text, newline="")) if row["sf__Id"])


class BareIntacctRest(_Client):
    """A signed-in client of Intacct's REST API; ``url`` is its address without a path."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url}/ia/api/v1/")
        form = {
            "grant_type": "client_credentials",
            "client_id": company.CLIENT,
            "client_secret": company.CLIENT_SECRET,
            "username": f"crmapp_sync@{company.COMPANY}",
        }
        token = self._sent("POST", "oauth2/token", data=form).json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def read(self, object: str, fields: Sequence[str], since: str = "", size: int = 4000) -> Rows:
        """Return all records, or those changed at ``since`` or later; each page by the last key."""
        stamp = "audit.modifiedDateTime"
        order = [{stamp: "asc"}, {"key": "asc"}] if since else [{"key": "asc"}]
        question: dict[str, Any] = {
            "object": object,
            "fields": list(dict.fromkeys(("key", stamp, *fields))),
            "filterParameters": {"includePrivate": True},
            "size": size,
            "orderBy": order,
        }
        if since:
            question["filters"] = [{"$gte": {stamp: since}}]
        rows: Rows = []
        while True:
            answer = self._sent("POST", "services/core/query", json=question).json()
            found = answer["ia::result"]
            rows += found
            if not found or answer["ia::meta"]["next"] is None:
                return rows
            key, at = {"key": found[-1]["key"]}, {stamp: found[-1][stamp]}
            question["filters"] = [{"$gt": key}]
            if since:
                question["filters"] = [{"$gt": at}, {"$eq": at}, {"$gt": key}]
                question["filterExpression"] = "1 or (2 and 3)"


class BareIntacctXml(_Client):
    """A signed-in client of Intacct's XML gateway; ``url`` is its address without a path."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        login = (
            f"<login><userid>crmapp_sync</userid><companyid>{company.COMPANY}</companyid>"
            f"<password>{company.PASSWORD}</password></login>"
        )
        answer = self._asked(login, "<getAPISession/>")
        self._session = f"<sessionid>{answer.findtext('.//sessionid')}</sessionid>"

    def _asked(self, authentication: str, function: str) -> Element:
        body = (
            '<?xml version="1.0" encoding="utf-8"?><request><control>'
            f"<senderid>{company.SENDER}</senderid><password>{company.SENDER_PASSWORD}</password>"
            f"<controlid>{time.time_ns()}</controlid><uniqueid>false</uniqueid>"
            "<dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace></control>"
            f"<operation><authentication>{authentication}</authentication>"
            f'<content><function controlid="0">{function}</function></content></operation>'
            "</request>"
        )
        headers = {"Content-Type": "application/xml"}
        content = body.encode()
        answer = self._sent("POST", "/ia/xml/xmlgw.phtml", content=content, headers=headers)
        return fromstring(answer.content)  # noqa: S314  (of a server of our own)

    def read(self, object: str, fields: Sequence[str], since: str) -> Rows:
        """Return the records changed at ``since`` or later; each page by the last key."""
        names = dict.fromkeys(("RECORDNO", "WHENMODIFIED", *fields))
        select = "".join(f"<field>{name}</field>" for name in names)
        where = _compared("greaterthanorequalto", "WHENMODIFIED", since)
        rows: Rows = []
        while True:
            data = self._asked(
                self._session,
                f"<query><object>{object}</object><select>{select}</select><filter>{where}</filter>"
                "<orderby><order><field>WHENMODIFIED</field><ascending/></order>"
                "<order><field>RECORDNO</field><ascending/></order></orderby>"
                "<options><showprivate>true</showprivate></options><pagesize>2000</pagesize></query>",
            ).find("operation/result/data")
            assert data is not None
            rows += ({cell.tag: cell.text for cell in row} for row in data)
            if int(data.get("numremaining", "0")) <= 0:
                return rows
            at, key = rows[-1]["WHENMODIFIED"], rows[-1]["RECORDNO"]
            same = _compared("equalto", "WHENMODIFIED", at) + _compared(
                "greaterthan", "RECORDNO", key
            )
            where = f"<or>{_compared('greaterthan', 'WHENMODIFIED', at)}<and>{same}</and></or>"


def _compared(operator: str, field: str, value: str) -> str:
    return f"<{operator}><field>{field}</field><value>{escape(value)}</value></{operator}>"
