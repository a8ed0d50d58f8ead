"""Files in a bucket, at a local server that speaks S3."""

from __future__ import annotations

import hashlib
import logging
import socket

import boto3
import pytest
from moto.server import ThreadedMotoServer

from crmapp.connectors.errors import (
    Cause,
    ConfigBroken,
    Retryable,
    RowRejected,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.stores import bucket as buckets
from crmapp.connectors.stores.bucket import BUCKET_FIELDS, BucketSettings, BucketStore
from crmapp.connectors.stores.refusals import refused

HERE = SourceReach(hosts=("127.0.0.1",))
KEYS = {"access_key": "reader", "secret_key": "geheimgeheim"}


@pytest.fixture(scope="module")
def service():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def owner(service):
    """The client of whoever leaves files in an empty bucket named ``exports``."""
    client = boto3.client(
        "s3", endpoint_url=service, aws_access_key_id="a", aws_secret_access_key="b",
        region_name="us-east-1",
    )  # fmt: skip
    client.create_bucket(Bucket="exports")
    yield client
    for each in client.list_objects_v2(Bucket="exports").get("Contents", []):
        client.delete_object(Bucket="exports", Key=each["Key"])
    client.delete_bucket(Bucket="exports")
    client.close()


def store(endpoint, most=1000, reach=HERE, **more):
    given = {"bucket": "exports", "endpoint": endpoint, "path_style": True, **KEYS, **more}
    return BucketStore(BucketSettings.from_json(given), reach, most=most)


def test_files_are_found_below_a_prefix_in_pages(service, owner):
    for name in ("erp/b.csv", "erp/a.CSV", "erp/old/c.csv", "erp/.part.csv", "other/d.csv"):
        owner.put_object(Bucket="exports", Key=name, Body=b"code")

    kept = store(service, prefix="erp/", pattern="*.csv")

    assert kept.check().organisation == "exports"
    assert [(file.name, file.size) for file in kept.files()] == [("a.CSV", 4), ("b.csv", 4)]


def test_more_files_than_a_page_has_are_all_found(service, owner):
    for number in range(1003):
        owner.put_object(Bucket="exports", Key=f"{number}.csv", Body=b"")

    found = store(service).files()
    for start in range(1003):
        owner.delete_object(Bucket="exports", Key=f"{start}.csv")

    assert len(found) == 1003


@pytest.mark.parametrize("size", [0, 1, 10, 11, 25])
def test_a_file_is_fetched_in_parts_with_its_hash(service, owner, tmp_path, monkeypatch, size):
    monkeypatch.setattr(buckets, "PART", 10)
    body = bytes(range(size))
    owner.put_object(Bucket="exports", Key="a.csv", Body=body)

    digest = store(service).fetch("a.csv", tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == body
    assert digest == hashlib.sha256(body).hexdigest()


def test_a_file_that_changes_while_it_is_read_is_noticed(service, owner, tmp_path, monkeypatch):
    monkeypatch.setattr(buckets, "PART", 10)
    owner.put_object(Bucket="exports", Key="a.csv", Body=b"x" * 25)
    kept, parts = store(service), []

    def meanwhile(**_more):
        parts.append(1)
        if len(parts) == 2:
            owner.put_object(Bucket="exports", Key="a.csv", Body=b"y" * 25)

    kept._client().meta.events.register("before-send.s3.GetObject", meanwhile)

    with pytest.raises(Retryable, match=r"a\.csv was changed"):
        kept.fetch("a.csv", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_that_is_too_large_is_named(service, owner, tmp_path):
    owner.put_object(Bucket="exports", Key="a.csv", Body=b"x" * 1001)

    with pytest.raises(RowRejected) as rejected:
        store(service).fetch("a.csv", tmp_path / "copy")

    assert rejected.value.fields == ("a.csv",)


def test_a_file_that_is_gone_is_looked_for_again(service, owner, tmp_path):
    with pytest.raises(Retryable):
        store(service).fetch("a.csv", tmp_path / "copy")


def test_a_bucket_that_is_gone_is_named(service):
    with pytest.raises(ConfigBroken) as gone:
        store(service, bucket="nothing").files()

    assert gone.value.field == "nothing"


def test_an_address_where_nothing_listens_is_said():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    with pytest.raises(Unreachable) as away:
        store(f"http://127.0.0.1:{free}").check()

    assert away.value.cause is Cause.REFUSED


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "https://localhost:1"])
def test_a_service_that_the_operator_has_not_named_is_not_asked(endpoint):
    with pytest.raises(WrongInstance, match="CRMAPP_SOURCE_HOSTS"):
        store(endpoint, reach=SourceReach()).check()


def test_an_address_that_is_none_is_refused():
    with pytest.raises(WrongInstance):
        store("nowhere").check()


def test_a_secret_is_never_said():
    settings = BucketSettings.from_json({"bucket": "exports", **KEYS})
    error = refused(ValueError("geheimgeheim"), "exports", "", settings.secrets)

    assert "geheim" not in f"{settings!r}{settings.as_json()}{error}{error.remote}"


def test_each_field_of_a_form_is_a_setting():
    assert {field.name for field in BUCKET_FIELDS} == set(BucketSettings.__dataclass_fields__)
