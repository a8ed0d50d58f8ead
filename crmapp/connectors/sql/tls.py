"""Encryption of the line to MySQL and MariaDB, asked for in PostgreSQL's words."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from crmapp.connectors.errors import WrongInstance
from crmapp.connectors.source_reach import SourceReach
from crmapp.i18n import N_, Text

MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
OPTIONS = frozenset({"ssl", "sslmode", "ssl_ca"})
"""``ssl=true`` is ``sslmode=require``; with ``ssl_ca`` alone the mode is ``verify-full``."""
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")


class _OfHost(ssl.SSLContext):
    """Checks certificates by the name of the host: the line itself goes to a checked address."""

    host = ""

    def wrap_socket(self, sock: Any, *args: Any, **named: Any) -> ssl.SSLSocket:
        return super().wrap_socket(sock, *args, **{**named, "server_hostname": self.host})


def mode_of(options: Mapping[str, Any]) -> str:
    """Return how the options of an address want the line encrypted.

    Raises:
        WrongInstance: they say something that there is not.
    """
    plain, mode = str(options.get("ssl", "")).lower(), str(options.get("sslmode", "")).lower()
    if plain not in ("", *_YES, *_NO):
        raise WrongInstance(Text(N_("“ssl” in the address is true or false.")))
    if not mode and plain:
        mode = "require" if plain in _YES else "disable"
    if "ssl_ca" in options:
        mode = mode if mode not in ("", "require") else "verify-full"
    if mode not in ("", *MODES):
        sentence = N_("“sslmode” in the address is one of: %(modes)s.")
        raise WrongInstance(Text(sentence, {"modes": ", ".join(MODES)}))
    return mode or "prefer"


def arguments(options: Mapping[str, Any], host: str, reach: SourceReach) -> dict[str, Any]:
    """Return what the driver is told of encryption.

    Without an authority of its own the server's certificate is checked by those that this machine
    trusts. Where it is only preferred, the driver does it if the server can, and checks nothing.

    Raises:
        WrongInstance: an option says something that there is not, or the file must not be read.
        ConfigBroken: the file of the authority is not there.
    """
    mode = mode_of(options)
    if mode == "prefer":
        return {}
    if mode == "disable":
        return {"ssl_disabled": True}
    context = _OfHost(ssl.PROTOCOL_TLS_CLIENT)
    context.host = host
    # Servers make certificates by themselves that are not as strict as Python 3.13 wants them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    elif "ssl_ca" in options:
        _trust(context, str(reach.place(str(options["ssl_ca"]))))
    else:
        context.load_default_certs()
    return {"ssl": context}


def _trust(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        sentence = N_("%(path)s holds no certificates. Name a file in the form PEM.")
        raise WrongInstance(Text(sentence, {"path": path})) from error
