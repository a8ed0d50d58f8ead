from __future__ import annotations

import gzip
import socket
import ssl
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.faulty import Faulty, due_of
from crmapp.connectors.sandbox.serving import Server
from crmapp.connectors.sandbox.store import Store


class Shop:
    """A tiny system: it counts what is posted to it."""

    def __init__(self) -> None:
        self.sold: list[bytes] = []

    def answer(self, request: Request) -> Response:
        if request.path == "/nothing":
            return Response(status=204)
        if request.method == "POST":
            self.sold.append(request.get_data())
        return Response(f"{request.full_path} {request.method} {request.get_data().decode()}")

    def dress(self, fault: Fault, request: Request) -> Response | None:
        if fault.kind is Kind.LOCK_ROW:
            return None
        return Response(f"dressed {fault.kind}", 429, {"Retry-After": f"{fault.seconds:.0f}"})


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def app(shop, tmp_path):
    app = Faulty(shop.answer, Store(tmp_path / "shop.db"), dress=shop.dress)
    yield app
    app.store.close()


@pytest.fixture
def client(app):
    with Server(app) as server, httpx.Client(base_url=server.url) as client:
        yield client


def fault(client, **values):
    answer = client.post("/__control/faults", json=values)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_one_connection_carries_many_requests(client):
    answers = [client.get("/a"), client.post("/b", content=b"body"), client.get("/nothing")]
    answers.append(client.head("/a"))
    answers.append(client.get("/a?x=1&y=%C3%A9"))
    streams = {answer.extensions["network_stream"] for answer in answers}

    assert [answer.status_code for answer in answers] == [200, 200, 204, 200, 200]
    assert answers[1].text == "/b? POST body"
    assert answers[3].text == ""
    assert answers[4].text == "/a?x=1&y=%C3%A9 GET "
    assert len({stream.get_extra_info("client_addr") for stream in streams}) == 1


def test_a_body_may_come_in_chunks(client, shop):
    client.post("/sales", content=iter([b"first ", b"second"]))

    assert client.get("/after").text == "/after? GET "
    assert shop.sold == [b"first second"]


def test_a_body_may_be_compressed(client, shop):
    client.post("/sales", content=gzip.compress(b"small"), headers={"Content-Encoding": "gzip"})

    assert shop.sold == [b"small"]


def test_a_client_may_ask_whether_to_send_its_body(client):
    parts = urlsplit(str(client.base_url))
    head = b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"

    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(head)
        went_on = connection.recv(4096)
        connection.sendall(b"body")
        answer = connection.recv(4096)

    assert went_on.startswith(b"HTTP/1.1 100 ")
    assert answer.endswith(b"/big? POST body")


def test_it_speaks_tls_with_a_certificate(app, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    with Server(app, certificate=tmp_path / "server.pem") as server:
        answer = httpx.get(f"{server.url}/safe", verify=trust)

    assert server.url.startswith("https://")
    assert answer.text == "/safe? GET "


def test_an_error_has_the_shape_of_the_protocol(client, shop):
    fault(client, kind="throttled", seconds=7)

    answer = client.post("/sales")

    assert (answer.status_code, answer.text) == (429, "dressed throttled")
    assert answer.headers["Retry-After"] == "7"
    assert shop.sold == []
    assert client.post("/sales").status_code == 200


def test_what_is_not_dressed_is_left_to_the_system(app, shop):
    seen = []
    app.faults.add(Fault(Kind.LOCK_ROW))
    app._answer = lambda request: seen.append(due_of(request)) or Response("")

    with Server(app) as server:
        httpx.get(server.url)

    assert seen[0].first([Kind.LOCK_ROW]) is not None


def test_a_cut_connection_has_done_nothing(client, shop):
    fault(client, kind="cut")

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/sales", content=b"one")

    assert shop.sold == []
    assert client.get("/").status_code == 200


def test_a_connection_may_be_cut_when_all_is_done(client, shop):
    fault(client, kind="cut_after")

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/sales", content=b"one")

    assert shop.sold == [b"one"]


def test_half_an_answer_is_no_answer(client, shop):
    fault(client, kind="half")

    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection without sending"):
        client.post("/sales", content=b"one")

    assert shop.sold == [b"one"]


def test_a_request_may_be_delivered_twice(client, shop):
    fault(client, kind="twice", pattern="POST *")

    client.post("/sales", content=b"one")

    assert shop.sold == [b"one", b"one"]


def test_the_clock_of_the_system_may_be_wrong(client):
    right = client.get("/").headers["Date"]
    fault(client, kind="wrong_clock", seconds=90 * 86400, times=None)

    wrong = client.get("/").headers["Date"]

    assert right.split()[2] != wrong.split()[2]


def test_faults_are_listed_and_cleared(client):
    first = fault(client, kind="cut", pattern="PUT *")
    fault(client, kind="slow", seconds=1, pattern="PUT *", times=None)

    client.delete(f"/__control/faults/{first['id']}")
    listed = client.get("/__control/faults").json()
    client.delete("/__control/faults")

    assert [(each["kind"], each["times"]) for each in listed] == [("slow", None)]
    assert client.get("/__control/faults").json() == []


@pytest.mark.parametrize("given", [{}, {"kind": "earthquake"}, {"kind": "cut", "after": "soon"}])
def test_what_is_no_fault_is_refused(client, given):
    answer = client.post("/__control/faults", json=given)

    assert answer.status_code == 400
    assert "This is no fault" in answer.json()["error"]


def test_a_person_sets_and_clears_faults_on_the_page(client):
    form = {"kind": "slow", "pattern": "PUT /<b>", "after": "0", "times": "", "seconds": "2"}

    client.post("/__control/faults", data=form)
    page = client.get("/__control").text
    client.post("/__control/faults/clear")

    assert "<td>slow<td>PUT /&lt;b&gt;<td>0<td>always<td>2.0" in page
    assert "<td>always" not in client.get("/__control").text


def test_there_is_no_other_control(client):
    assert client.post("/__control/explode").status_code == 404
