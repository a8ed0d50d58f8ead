"""Files in a bucket that speaks the S3 protocol, at Amazon or elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from crmapp.connectors.errors import WrongInstance
from crmapp.connectors.port import Check
from crmapp.connectors.settings import SettingField
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.stores.folder import written
from crmapp.connectors.stores.port import (
    CHUNK,
    MOST_FILES,
    StoredFile,
    changed,
    is_hidden,
    pattern_of,
    too_large,
)
from crmapp.connectors.stores.refusals import not_whole, refused, too_many
from crmapp.i18n import N_, Text

CONNECT, READ, TRIES = 5, 60, 3
PART = 16 * CHUNK
"""Bytes that are asked for at a time, each only if the file is still the same."""


@dataclass(frozen=True)
class BucketSettings:
    """The settings of one bucket; see :data:`BUCKET_FIELDS` for what each means."""

    bucket: str
    prefix: str = ""
    pattern: str = "*"
    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    path_style: bool = False

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        names = [name for name in cls.__dataclass_fields__ if name != "path_style"]
        texts: dict[str, Any] = {name: str(values.get(name) or "").strip() for name in names}
        path_style = values.get("path_style") in (True, "1", "true", "on", "yes")
        return cls(**{**texts, "pattern": texts["pattern"] or "*", "path_style": path_style})

    def as_json(self) -> dict[str, Any]:
        """Return what may be kept in sight: all but the secret key."""
        return {name: value for name, value in asdict(self).items() if name != "secret_key"}

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.secret_key,)


BUCKET_FIELDS = (
    SettingField("bucket", N_("Bucket")),
    SettingField(
        "prefix", N_("Prefix"), N_("Such as exports/, if not all of it is read."), required=False
    ),
    SettingField(
        "pattern",
        N_("Files"),
        N_("Such as customers*.csv, or **/*.xlsx below all prefixes. Empty means all files."),
        required=False,
    ),
    SettingField(
        "endpoint",
        N_("Address of the service"),
        N_("Such as https://s3.example.com. Leave it empty for Amazon."),
        required=False,
    ),
    SettingField("region", N_("Region"), N_("Such as ca-central-1."), required=False),
    SettingField("access_key", N_("Access key"), N_("Of a user that may only read.")),
    SettingField("secret_key", N_("Secret key"), secret=True),
    SettingField(
        "path_style",
        N_("Name of the bucket"),
        N_("Services of your own mostly want it in the path."),
        required=False,
        choices=(("", N_("In the host name")), ("1", N_("In the path"))),
    ),
)


class BucketStore:
    """Lists and fetches the files of one bucket."""

    def __init__(self, settings: BucketSettings, reach: SourceReach, *, most: int) -> None:
        self._settings = settings
        self._reach = reach
        self._pattern = pattern_of(settings.pattern)
        self._most = most
        self._made: Any = None

    def check(self) -> Check:
        with self._told():
            self._client().list_objects_v2(
                Bucket=self._settings.bucket, Prefix=self._settings.prefix, MaxKeys=1
            )
        return Check(
            organisation=self._settings.bucket,
            user=self._settings.access_key,
            version=self._settings.region,
        )

    def files(self) -> list[StoredFile]:
        found = list[StoredFile]()
        with self._told():
            pages = self._client().get_paginator("list_objects_v2")
            asked = {"Bucket": self._settings.bucket, "Prefix": self._settings.prefix}
            for number, each in enumerate(pages.paginate(**asked).search("Contents[]"), 1):
                if each is None:  # a page without files
                    continue
                if number > MOST_FILES:
                    raise too_many(self._settings.bucket)
                name = each["Key"].removeprefix(self._settings.prefix)
                if name and self._pattern.fullmatch(name) and not is_hidden(name):
                    found.append(StoredFile(name, each["Size"], each["LastModified"], each["ETag"]))
        return sorted(found, key=lambda file: file.name)

    def fetch(self, name: str, to: Path) -> str:
        # What the service calls ETag is the hash of nothing that can be relied on.
        digest = hashlib.sha256()
        asked = {"Bucket": self._settings.bucket, "Key": f"{self._settings.prefix}{name}"}
        with self._told(name):
            seen = self._client().head_object(**asked)
            size = int(seen["ContentLength"])
            if size > self._most:
                raise too_large(name, self._most)
            with written(to) as target:
                for start in range(0, size, PART):
                    part = self._part(name, asked | {"IfMatch": seen["ETag"]}, start, size)
                    digest.update(part)
                    target.write(part)
                if self._client().head_object(**asked)["ETag"] != seen["ETag"]:
                    raise changed(name)
        return digest.hexdigest()

    def _part(self, name: str, asked: dict[str, Any], start: int, size: int) -> bytes:
        end = min(start + PART, size)
        answer = self._client().get_object(**asked, Range=f"bytes={start}-{end - 1}")
        with answer["Body"] as body:
            part: bytes = body.read(PART + 1)
        if len(part) != end - start:
            raise not_whole(name)
        return part

    @contextmanager
    def _told(self, name: str = "") -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            yield
        except (BotoCoreError, ClientError, HTTPClientError, ValueError) as error:
            raise refused(error, self._settings.bucket, name, self._settings.secrets) from error

    def _client(self) -> Any:
        """Return the client, made when it is first needed: its library takes long to load."""
        if self._made is None:
            import boto3
            from botocore.config import Config

            given = self._settings
            config = Config(
                connect_timeout=CONNECT,
                read_timeout=READ,
                retries={"mode": "standard", "total_max_attempts": TRIES},
                proxies={},
                ignore_configured_endpoint_urls=True,
                s3={"addressing_style": "path" if given.path_style else "auto"},
                # Not every service knows the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            # Keys are always said: what this machine has for itself must not be sent to others.
            self._made = boto3.session.Session().client(
                "s3",
                aws_access_key_id=given.access_key or "none",
                aws_secret_access_key=given.secret_key or "none",
                region_name=given.region or "us-east-1",
                endpoint_url=given.endpoint or None,
                config=config,
            )
            self._made.meta.events.register("before-send.s3", self._checked)
        return self._made

    def _checked(self, request: Any, **_more: Any) -> None:
        """Check where each request goes: a service may send us on to another host."""
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        addresses = self._reach.addresses(host, parts.port or 443)
        if parts.scheme != "https" and not self._reach.is_named(host, addresses):
            raise WrongInstance(Text(N_("%(host)s must be reached by https://."), {"host": host}))
