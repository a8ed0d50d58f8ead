"""What has to be true before anything starts; each refusal is one line and harms nothing."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import IO

import click
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy.engine import make_url

SPACE = 64 * 1024 * 1024
_PROBE = 4 * 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def open_home(home: Path) -> None:
    """Make the installation's folder, and see that it can be written to and has some space left."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(bytes(_PROBE))
    except OSError as error:
        raise click.ClickException(why_not_writable(home, error)) from error
    free = shutil.disk_usage(home).free
    if free < SPACE:
        raise click.ClickException(
            f"The disk that holds {home} is full: {free >> 20} MB are free, crmapp needs"
            f" {SPACE >> 20}. Free some space and start again."
        )


def why_not_writable(home: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return f"The disk that holds {home} is full. Free some space and start again."
    return f"Cannot write in {home} ({error.strerror}). Set CRMAPP_HOME to a folder of your own."


def lock_home(home: Path) -> IO[str]:
    """Hold the folder for this process; whoever comes second is told who holds it."""
    lock = (home / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip() or "another process"
        lock.close()
        raise click.ClickException(
            f"crmapp is already running in {home} ({holder}). Stop it first, or set CRMAPP_HOME."
        ) from error
    return lock


def sign(lock: IO[str], address: str) -> None:
    """Leave word for whoever finds the folder held."""
    lock.truncate(0)
    lock.write(f"process {os.getpid()}, {address}\n")
    lock.flush()


def listen(host: str, port: int) -> socket.socket:
    """Open the port that the web will serve; it stays open while the web restarts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise click.ClickException(_why_not_listening(host, port, error)) from error


def _why_not_listening(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what uses it, or choose another: PORT={port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for administrators. Choose one above 1023 with PORT."
    return f"Cannot listen on HOST={host}, PORT={port}: {error.strerror or error}."


def reach_queue(url: str) -> None:
    """See that the server that REDIS_URL names answers."""
    try:
        client = Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        client.ping()
        client.close()
    except ValueError as error:
        raise click.ClickException(f"REDIS_URL cannot be used: {error}.") from error
    except RedisError as error:
        raise click.ClickException(
            f"No answer from REDIS_URL={_without_password(url)} ({error}). Start that server, or"
            " unset REDIS_URL to use the one that crmapp brings."
        ) from error


def _without_password(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
