"""``crmapp sandbox``: pretend systems to connect to."""

from __future__ import annotations

from pathlib import Path

import click

from crmapp.cli.installation import settings_in_force
from crmapp.connectors.sandbox import registry
from crmapp.connectors.sandbox.control import PREFIX
from crmapp.connectors.sandbox.serving import Server

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("system", type=click.Choice(sorted(registry.SANDBOXES)))
@click.option("--port", type=int, help="The port; each system has its own, 0 takes a free one.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where its file lies; the installation's folder unless given.",
)
@click.option("--certificate", type=_FILE, help="Speak TLS with this certificate.")
@click.option("--key", type=_FILE, help="The certificate's key, if it is in a file of its own.")
def sandbox(
    system: str,
    port: int | None,
    folder: Path | None,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Serve a pretend SYSTEM on this machine."""
    app = registry.create_app(system, folder or settings_in_force().home / "sandboxes")
    port = registry.PORTS[system] if port is None else port
    try:
        server = Server(app, port=port, certificate=certificate, key=key)
    except OSError as error:
        raise click.ClickException(f"The sandbox cannot be served: {error}.") from error
    click.echo(f"{system} is pretended at {server.url}, its faults at {server.url}{PREFIX}.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("The sandbox ends.")
