"""The web server: gunicorn with threads, over a port that is already open."""

from __future__ import annotations

import ctypes
import gc
import os
import socket
from http.client import HTTPConnection
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from crmapp.config import Settings
from crmapp.jobs.lifeline import die_with_parent
from crmapp.web import metrics

THREADS = 4
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of malloc.h


class Server(BaseApplication):
    """Gunicorn over an application that its parent has made: its processes are forks, and quick.

    No connection may be open when it starts; each process opens its own.
    """

    def __init__(self, app: Flask, settings: Settings, listener: socket.socket) -> None:
        self._app = app
        metrics.forget(settings)
        self._options: dict[str, Any] = {
            "bind": f"fd://{listener.fileno()}",
            "workers": settings.web_processes,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": 5,
            "limit_request_line": 8190,  # a long filter is an address
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_fork": _after_fork,
            "proc_name": "crmapp",
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


def _after_fork(_server: object, _worker: object) -> None:
    die_with_parent(os.getppid())
    keep_memory()
    gc.freeze()  # what the application is made of stays, and need not be looked through
    gc.set_threshold(10_000, 20, 10)  # an answer makes thousands of objects, and hardly a cycle


def keep_memory() -> None:
    """Let the memory of an answer stay with this process for the next one (glibc only).

    The page of a grid is some hundred kilobytes, and copied some times on its way. The memory of
    such pieces goes back to the kernel at once, and to get it again, page by page, took a tenth of
    the time of an answer. A process grows by some 15 MB. One thread after the other writes its
    answer into the same memory: with memory of its own each finds it cold in the processor.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, 4 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 16 << 20)
        libc.mallopt(_M_ARENA_MAX, 1)


def answers(address: tuple[str, int]) -> bool:
    """Say whether the web at ``address`` says that it is well."""
    connection = HTTPConnection(*address, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
