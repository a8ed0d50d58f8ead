"""The old way to sign in, by SOAP with user name, password and security token."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faulty import due_of
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, USERNAME, Apps
from crmapp.connectors.sandbox.salesforce.database import ORG_ID
from crmapp.connectors.sandbox.salesforce.oauth import OAuth

_LAST = 64  # login() is gone from version 65
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body>
</soapenv:Envelope>"""
_WELL = """<loginResponse><result><metadataServerUrl>{host}/services/Soap/m/{version}/{org}
</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox>
<serverUrl>{host}/services/Soap/u/{version}/{org}</serverUrl><sessionId>{session}</sessionId>
<userId>{user}</userId><userInfo><organizationId>{org}</organizationId>
<organizationName>Demo</organizationName><userId>{user}</userId><userName>{name}</userName>
<sessionSecondsValid>7200</sessionSecondsValid></userInfo></result></loginResponse>"""
_FAULT = """<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{code}: {said}</faultstring>
<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode>
<sf:exceptionMessage>{said}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"""


def login(request: Request, oauth: OAuth, apps: Apps) -> Response:
    """Answer a call of ``login``; other calls are not known."""
    version = re.search(r"/Soap/[uc]/(\d+)", request.path)
    if version is None or int(version[1]) > _LAST:
        return _fault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    try:
        sent = fromstring(request.get_data())
    except ParseError:
        return _fault("XML_PARSER_ERROR", "The request is not well-formed")
    name, password = _text(sent, "username"), _text(sent, "password")
    user = oauth.by_password(name, password)
    app = apps.app(CLIENT_ID)
    if user is None or app is None:
        return _fault(
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
        )
    granted = apps.grant(app, user, due_of(request).now())
    body = _WELL.format(
        host=request.host_url.rstrip("/"),
        version=f"{version[1]}.0",
        org=ORG_ID,
        session=granted.access,
        user=user,
        name=escape(name or USERNAME),
    )
    return _xml(body.replace("\n", ""), 200)


def _text(sent: Element, name: str) -> str:
    found = next((each for each in sent.iter() if each.tag.rpartition("}")[2] == name), None)
    return (found.text or "").strip() if found is not None else ""


def _fault(code: str, said: str) -> Response:
    return _xml(_FAULT.format(code=code, said=escape(said)), 500)


def _xml(body: str, status: int) -> Response:
    return Response(_ENVELOPE.format(body), status, content_type="text/xml;charset=UTF-8")
