"""What the errors of a bucket mean, and what to do about each."""

from __future__ import annotations

from typing import Any

from crmapp.connectors.errors import (
    AuthFailed,
    Cause,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    Retryable,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.redaction import redacted, shortened
from crmapp.connectors.stores.port import MOST_FILES, changed
from crmapp.i18n import N_, Text

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_CREDENTIALS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
)
_ELSEWHERE = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
     "301", "307", "400"}
)  # fmt: skip
_CHANGED = frozenset({"NoSuchKey", "PreconditionFailed", "InvalidRange", "404", "412", "416"})
_FORBIDDEN = frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "403"})
_CAUSES = {
    "ConnectTimeoutError": Cause.TIME,
    "ReadTimeoutError": Cause.TIME,
    "SSLError": Cause.TLS,
    "EndpointConnectionError": Cause.REFUSED,
}


def refused(error: Exception, bucket: str, name: str, secrets: tuple[str, ...]) -> ConnectorError:
    """Return what an error of the client's library means; ``name`` is the file, if it was one."""
    remote = shortened(redacted(str(error), secrets))
    answer: Any = getattr(error, "response", None)
    if isinstance(answer, dict) and "Error" in answer:
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return _answered(str(answer["Error"].get("Code")), status, bucket, name, remote)
    kind = type(error).__name__
    if kind in ("ResponseParserError", "InvalidEndpointDiscoveryConfigurationError", "ValueError"):
        return _no_service(remote)
    if kind == "ParamValidationError":
        return _gone(bucket, remote)
    return Unreachable(
        N_("The service of the bucket cannot be reached. Check its address and the network."),
        cause=_CAUSES.get(kind, Cause.CUT),
        remote=remote,
    )


def _answered(code: str, status: int, bucket: str, name: str, remote: str) -> ConnectorError:
    if code == "NoSuchBucket":
        return _gone(bucket, remote)
    if code in _CREDENTIALS:
        return AuthFailed(
            N_("The bucket refuses the access key or its secret. Enter them again."), remote=remote
        )
    if code in _FORBIDDEN:
        sentence = N_("The access key may not read %(what)s. Have it allowed to list and to read.")
        what = name or bucket
        return PermissionMissing(Text(sentence, {"what": what}), what=what, remote=remote)
    if code in _CHANGED:
        return changed(name) if name else _no_service(remote)
    if code in _ELSEWHERE:
        return WrongInstance(
            N_("The bucket is in another region, or at another address. Correct them."),
            remote=remote,
        )
    if code == "SlowDown" or status >= 500:
        return Retryable(remote=remote)
    return ConnectorError(
        Text(N_("The bucket answers: %(words)s"), {"words": remote}), remote=remote
    )


def _gone(bucket: str, remote: str) -> ConfigBroken:
    return ConfigBroken(
        Text(N_("There is no bucket %(bucket)s. Check its name."), {"bucket": bucket}),
        field=bucket,
        remote=remote,
    )


def _no_service(remote: str) -> WrongInstance:
    return WrongInstance(
        N_("This address does not answer like a service of buckets (S3). Check it."), remote=remote
    )


def not_whole(name: str) -> Unreachable:
    """Return the error for a file of which only the beginning came."""
    return Unreachable(
        Text(N_("%(file)s did not come whole. It is read again later."), {"file": name})
    )


def too_many(bucket: str) -> ConfigBroken:
    """Return the error for a bucket with more files than are looked at."""
    return ConfigBroken(
        Text(
            N_("There are more than %(most)s files in %(folder)s. Have old ones taken away."),
            {"most": MOST_FILES, "folder": bucket},
        ),
        field=bucket,
    )
