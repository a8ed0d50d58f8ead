"""Which addresses a connection may speak with, and the way to exactly those."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore
import httpx

from crmapp.connectors.errors import Cause, Unreachable, WrongInstance
from crmapp.i18n import N_, Text

Address = IPv4Address | IPv6Address
_NAT64 = ip_network("64:ff9b::/96")

deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""The moment (monotonic) at which the request of this context must be over."""


@dataclass(frozen=True)
class Reach:
    """What a connection may reach: hosts that one of ``patterns`` matches whole, by HTTPS.

    A sandbox is reached anywhere, also by HTTP and on this machine: it is a pretend system.
    ``own`` are the hosts that the operator names as the company's own: they are reached wherever
    they are, by whichever port, also by HTTP.
    """

    system: str
    patterns: tuple[str, ...] = ()
    sandbox: bool = False
    own: frozenset[str] = frozenset()

    def checked(self, url: str) -> SplitResult:
        """Return ``url`` in parts.

        Raises:
            WrongInstance: the connection must not speak with this address.
        """
        parts = _split(url)
        host = (parts.hostname or "").rstrip(".").lower()
        if not host or parts.username is not None:
            raise no_address(url)
        if self._anywhere(host) and parts.scheme in ("http", "https"):
            return parts
        if parts.scheme != "https" or parts.port not in (None, 443):
            raise WrongInstance(
                Text(N_("%(host)s must be reached by https:// and its usual port."), {"host": host})
            )
        if not any(re.fullmatch(pattern, host) for pattern in self.patterns):
            raise WrongInstance(
                Text(
                    N_("%(host)s is not an address of %(system)s. Check the address."),
                    {"host": host, "system": self.system},
                )
            )
        return parts

    def addresses(self, host: str, port: int) -> list[Address]:
        """Return where ``host`` is, every address checked.

        Raises:
            Unreachable: there is no such name.
            WrongInstance: one of the addresses is private.
        """
        found = resolved(host, port)
        private = [each for each in found if not is_public(each)]
        if private and not self._anywhere(host.rstrip(".").lower()):
            raise WrongInstance(
                Text(
                    N_("%(host)s leads to a private address, which only a sandbox may have."),
                    {"host": host},
                )
            )
        return found

    def _anywhere(self, host: str) -> bool:
        return self.sandbox or host in self.own


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port, httpx.URL(url).host  # httpx is stricter: it reads punycode, too
    except (ValueError, httpx.InvalidURL) as error:
        raise no_address(url) from error
    return parts


def no_address(url: str) -> WrongInstance:
    """Return the error that says that ``url`` cannot be an address at all."""
    return WrongInstance(Text(N_("%(url)s is not an address."), {"url": url}))


def resolved(host: str, port: int) -> list[Address]:
    """Return where a host is.

    Raises:
        Unreachable: there is no such name.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(
            Text(N_("There is no host named %(host)s. Check the address."), {"host": host}),
            cause=Cause.NAME,
        ) from error
    # A scope ("%eth0") belongs to link-local addresses only, which are private anyway.
    texts = (str(answer[4][0]).partition("%")[0] for answer in answers)
    return [ip_address(text) for text in dict.fromkeys(texts)]


def is_public(address: Address) -> bool:
    """Say whether ``address`` is out in the world, also if it is wrapped in IPv6."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        for inner in (address.ipv4_mapped, address.sixtofour):
            if inner is not None:
                return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


class Way(httpcore.NetworkBackend):
    """Connects to the very address that was checked, so that a name cannot change its mind."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._reach.addresses(host, port)
        for address in addresses[:-1]:
            try:
                return self._connected(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue  # the host has another address
        return self._connected(addresses[-1], port, timeout, local_address, socket_options)

    def _connected(
        self,
        address: Address,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.NetworkStream:
        stream = self._sockets.connect_tcp(
            str(address), port, left(timeout), local_address, socket_options
        )
        return _Timely(stream)


class _Timely(httpcore.NetworkStream):
    """A connection whose every step ends before the request's deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Timely(self._stream.start_tls(ssl_context, server_hostname, left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def left(timeout: float | None) -> float | None:
    """Return ``timeout`` or what is left until the deadline, whichever is shorter."""
    end = deadline.get()
    if end is None:
        return timeout
    rest = max(end - time.monotonic(), 0.001)
    return rest if timeout is None else min(timeout, rest)


def is_over() -> bool:
    """Say whether the deadline has passed."""
    end = deadline.get()
    return end is not None and time.monotonic() >= end


@contextmanager
def at_most(seconds: float | None) -> Iterator[None]:
    """Let whatever is done inside be over in ``seconds``, or sooner if that was set before."""
    if seconds is None:
        yield
        return
    end, before = time.monotonic() + seconds, deadline.get()
    token = deadline.set(end if before is None else min(end, before))
    try:
        yield
    finally:
        deadline.reset(token)
