"""Metrics in the words of Prometheus: how long answers take, and how the installation is.

All web processes count in files of their own, which are read together; nothing names a person.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from flask import Flask, Request, Response, current_app, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from crmapp.config import Settings, settings
from crmapp.services import vital_signs
from crmapp.services.vital_signs import VitalSigns
from crmapp.web.context import kept, this_request

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
Labels = tuple[str, str, str]
"""Endpoint, method, status."""
_QUIET = {"assets", "health"}
_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")
KEY = "crmapp.latency"
_ROOM = 4 << 20
"""Of a file, in bytes: enough for each endpoint with each method and status."""


class _Counts:
    """A histogram, and those of its parts that were asked for: it looks for them anew each time."""

    def __init__(self, whole: Histogram) -> None:
        self._whole = whole
        self._parts: dict[Labels, Histogram] = {}

    def of(self, labels: Labels) -> Histogram:
        part = self._parts.get(labels)
        if part is None:
            part = self._parts[labels] = self._whole.labels(*labels)
        return part


class Latency:
    """A histogram in a file of this process, which is made anew after a fork, or if it is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._path = ""
        self._counts: _Counts | None = None

    def observe(self, labels: Labels, seconds: float) -> None:
        """Count an answer; a full or read-only disk must not keep anybody from having it."""
        try:
            self._now().of(labels).observe(seconds)
        except OSError:
            self._path = ""

    def _now(self) -> _Counts:
        path = f"{self._folder}/histogram_{os.getpid()}.db"
        with self._lock:
            if self._counts is None or path != self._path or not os.path.exists(path):
                self._counts = _Counts(self._begin(Path(path)))
                self._path = path
            return self._counts

    def _begin(self, path: Path) -> Histogram:
        """Take the room first: to write into a mapped file that has none kills the process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, _ROOM)
        # The library reads the folder from the environment, and this when it is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self._folder)
        values.ValueClass = values.MultiProcessValue()
        return Histogram(
            "crmapp_request_seconds",
            "How long answers took.",
            ("endpoint", "method", "status"),
            buckets=BUCKETS,
            registry=None,
        )


def init_app(app: Flask, chosen: Settings) -> None:
    """Time each answer."""
    app.extensions[KEY] = Latency(chosen.metrics_dir)
    app.before_request(_begin)
    app.after_request(_end)


def forget(chosen: Settings) -> None:
    """Remove what processes of an earlier start have counted."""
    for path in chosen.metrics_dir.glob("*.db"):
        path.unlink(missing_ok=True)


def may_read() -> bool:
    """Whether who asks has the token, or, if there is none, asks from this machine itself."""
    token = settings().metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if any(name in request.headers for name in _FORWARDED):
        return False  # a proxy on this machine asks for somebody else
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def page() -> Response:
    """Answer with all metrics."""
    registry, folder = CollectorRegistry(), settings().metrics_dir
    if folder.is_dir():
        MultiProcessCollector(registry, path=str(folder))
    registry.register(_Vital(vital_signs.take()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Vital(Collector):
    """What was found out, as metrics; what could not be is left out."""

    def __init__(self, signs: VitalSigns) -> None:
        self._signs = signs

    def collect(self) -> Iterator[Metric]:
        signs = self._signs
        yield _gauge("database_up", "Whether the database answers.", int(signs.runs is not None))
        yield _gauge("queue_up", "Whether the queue answers.", int(signs.jobs is not None))
        yield _labelled("runs", "Runs by status.", signs.runs or {})
        yield _labelled("mail_letters", "Letters of the outbox by status.", signs.letters)
        for name, help_, value in (
            ("runs_due", "Runs that somebody should work on now.", signs.due),
            ("queue_jobs", "Jobs that wait on the queue.", signs.jobs),
            ("mail_oldest_queued_seconds", "How long a letter waits.", signs.oldest),
            ("sweeper_lag_seconds", "Seconds since the last sweep.", signs.swept),
            ("audit_unsealed_rows", "Rows of the audit trail without a seal.", signs.unsealed),
        ):
            if value is not None:
                yield _gauge(name, help_, value)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"crmapp_{name}", help_, value=value)


def _labelled(name: str, help_: str, counts: Any) -> Metric:
    family = GaugeMetricFamily(f"crmapp_{name}", help_, labels=["status"])
    for status, count in counts.items():
        family.add_metric([status], count)
    return family


def _begin() -> None:
    kept()["begun"] = time.perf_counter()


def _end(response: Response) -> Response:
    begun: float | None = kept().get("begun")
    asked = this_request()
    if begun is not None and asked.blueprint not in _QUIET:
        labels = asked.endpoint or "none", _method(asked), f"{response.status_code // 100}xx"
        latency: Latency = current_app.extensions[KEY]
        latency.observe(labels, time.perf_counter() - begun)
    return response


def _method(asked: Request) -> str:
    """Return the method, if it is one of those that we answer: a visitor may send any word."""
    return asked.method if asked.method in ("GET", "POST", "HEAD") else "other"
