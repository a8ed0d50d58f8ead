"""What sources that somebody names in a browser may reach: the operator's folders and hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from sqlalchemy import make_url

from crmapp.connectors.addresses import Address, is_public, resolved
from crmapp.connectors.errors import ConfigBroken, Unreachable, WrongInstance
from crmapp.i18n import N_, Text


@dataclass(frozen=True)
class SourceReach:
    """What may be read at all.

    Files lie below ``folders``. A host out in the world may be asked; one with a private address
    (an ERP usually has one) only if ``hosts`` names it: by its name, by the end of its name
    (``.corp.example``), by its address, or by its network (``10.1.0.0/16``). Nothing leads to what
    is ours: the folder ``home``, and the database at ``database_url``.
    """

    folders: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()
    home: Path | None = None
    database_url: str = ""

    def place(self, typed: str) -> Path:
        """Return where a file or a folder is, links followed.

        Raises:
            WrongInstance: it must not be read.
            ConfigBroken: there is none.
        """
        try:
            found = Path(typed).resolve()
            if not Path(typed).is_absolute() or not self._allows(found):
                raise _not_yours(typed)
            if not found.exists():
                raise ConfigBroken(
                    Text(N_("%(path)s is not there. Check its spelling."), {"path": typed}),
                    field=typed,
                )
        except (OSError, ValueError, RuntimeError) as error:  # no such path can be; links in a ring
            raise _not_yours(typed) from error
        return found

    def _allows(self, found: Path) -> bool:
        ours = [self.home.resolve()] if self.home else []
        if own := self._own_file():
            ours += [own.with_name(own.name + more) for more in ("", "-wal", "-shm", "-journal")]
        inside = any(found.is_relative_to(folder.resolve()) for folder in self.folders)
        return inside and not any(found.is_relative_to(each) for each in ours)

    def _own_file(self) -> Path | None:
        url = make_url(self.database_url) if self.database_url else None
        if url is None or url.get_backend_name() != "sqlite" or not url.database:
            return None
        return Path(url.database).resolve()

    def addresses(self, host: str, port: int, database: str = "") -> list[Address]:
        """Return where ``host`` is, every address checked; ``database`` is what is asked there.

        Raises:
            Unreachable: there is no such name.
            WrongInstance: it must not be asked.
        """
        found = resolved(host, port)
        if not all(self._may_ask(host, each) for each in found):
            raise WrongInstance(
                Text(
                    N_(
                        "%(host)s leads to a private address. Ask whoever runs crmapp to name it in"
                        " CRMAPP_SOURCE_HOSTS."
                    ),
                    {"host": host},
                )
            )
        if database and self._is_ours(found, port, database):
            raise WrongInstance(N_("This is the database of crmapp itself. Name another one."))
        return found

    def is_named(self, host: str, addresses: Iterable[Address]) -> bool:
        """Say whether the operator has named this host, or the network that it is in."""
        return all(self._is_named(host, each) for each in addresses)

    def _may_ask(self, host: str, address: Address) -> bool:
        return is_public(address) or self._is_named(host, address)

    def _is_named(self, host: str, address: Address) -> bool:
        name = host.rstrip(".").lower()
        for named in self.hosts:
            if named.startswith(".") and name.endswith(named):
                return True
            if name == named or _is_in(address, named):
                return True
        return False

    def _is_ours(self, found: Iterable[Address], port: int, database: str) -> bool:
        url = make_url(self.database_url) if self.database_url else None
        if url is None or url.get_backend_name() == "sqlite" or url.database != database:
            return False
        if (url.port or 5432) != port:
            return False
        if not url.host:  # a socket on this machine
            return any(each.is_loopback for each in found)
        try:
            return not set(resolved(url.host, port)).isdisjoint(found)
        except Unreachable:
            return False


def _is_in(address: Address, network: str) -> bool:
    try:
        return address in ip_network(network)
    except ValueError:  # a name
        return False


def _not_yours(typed: str) -> WrongInstance:
    return WrongInstance(
        Text(
            N_(
                "%(path)s is not in a folder that sources may be read from. Ask whoever runs crmapp"
                " to name the folder in CRMAPP_SOURCE_FOLDERS."
            ),
            {"path": typed[:300]},
        )
    )
