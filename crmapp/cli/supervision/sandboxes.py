"""The pretend systems that the demo is connected to, kept running beside it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click
from flask import Flask

from crmapp.cli.supervision.supervisor import Program
from crmapp.config import Settings
from crmapp.connectors.sandbox import registry
from crmapp.connectors.sandbox.serving import HOST, Server
from crmapp.db import db
from crmapp.errors import CRMError
from crmapp.services import demo, demo_connections


def programs(app: Flask, settings: Settings) -> list[Program]:
    """Return what serves the pretend systems and connects the demo to them."""
    if not (settings.demo and settings.sandboxes):
        return []
    listeners = {name: _listen(port) for name, port in registry.PORTS.items()}
    addresses = {
        name: f"http://{HOST}:{listener.getsockname()[1]}" for name, listener in listeners.items()
    }
    folder = settings.home / "sandboxes"
    return [
        *(
            Program(f"sandbox-{name}", partial(_serve, app, name, listener, folder))
            for name, listener in listeners.items()
        ),
        Program("demo", partial(_connect, app, settings.home / "demo", addresses), once=True),
    ]


def _listen(wanted: int) -> socket.socket:
    """Open the port that a system usually has, or a free one if that is taken."""
    try:
        return socket.create_server((HOST, wanted))
    except OSError:
        return socket.create_server((HOST, 0))


def _serve(app: Flask, system: str, listener: socket.socket, folder: Path) -> None:
    """Serve a pretend system while there is a demo; without one, rest."""
    if not _has_demo(app):
        while True:
            signal.pause()
    Server(registry.create_app(system, folder), listener=listener).serve_forever()


def _connect(app: Flask, mark: Path, addresses: Mapping[str, str]) -> None:
    """Connect the demo, once in its life; later, tell its connections where they lead.

    ``mark`` is the one of :mod:`crmapp.cli.supervision.setup`: it says *connected* for ever after.
    """
    if not _has_demo(app):
        return
    with app.app_context():
        by = demo.administrator()
        try:
            if mark.read_text() == "connected":
                demo_connections.follow(addresses, by=by)
                return
            demo_connections.connect(addresses, by=by)
            mark.write_text("connected")
            click.echo("crmapp: the demo is connected to a pretend Salesforce and Sage Intacct.")
        except CRMError as error:
            click.echo(f"crmapp: the demo could not be connected: {error}", err=True)


def _has_demo(app: Flask) -> bool:
    with app.app_context():
        found = demo.is_loaded()
        db.session.remove()
        db.engine.dispose()
    return found
