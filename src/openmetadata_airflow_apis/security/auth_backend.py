"""Our tokens for Airflow's own API: `[api] auth_backends = openmetadata_airflow_apis.security.auth_backend, …`.

List it first: a backend that looks at the browser's cookie would otherwise decide before the token is read.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

from airflow.api_connexion.exceptions import Unauthenticated
from connexion.exceptions import ProblemException
from flask import Response

from openmetadata_airflow_apis.errors import NotSignedIn, Unavailable
from openmetadata_airflow_apis.security import authentication, identity, tokens

if TYPE_CHECKING:
    from flask import Flask

CLIENT_AUTH: tuple[str, str] | Any | None = None
T = TypeVar("T", bound=Callable[..., Any])


def init_app(_: Flask) -> None:
    """Do nothing: Airflow asks every backend for this function."""


def requires_authentication(function: T) -> T:
    """Let function run for a request with one of our access tokens, as that token's user, without a cookie.

    A request without a Bearer token, or with another issuer's, is answered 401, and Airflow then asks its next
    backend. An invalid Bearer token that is ours, or that names no issuer, ends the request with 401, whatever cookie
    came with it; with 503 if it can't be known whether the token was revoked.
    """

    @wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        try:
            header = authentication.authorization_header()
            if header is None or not header.lower().startswith("bearer"):
                return Response("Unauthorized", 401, {"WWW-Authenticate": "Bearer"})
            encoded = authentication.bearer_token(header)
            issuer = tokens.issuer_of(encoded)
            if isinstance(issuer, str) and issuer != tokens.ISSUER:
                return Response("Unauthorized", 401, {"WWW-Authenticate": "Bearer"})
            identity.bind(tokens.verify(encoded, {"access"}).user)
        except NotSignedIn as error:
            raise Unauthenticated(detail=str(error), headers={"WWW-Authenticate": "Bearer"}) from None
        except Unavailable as error:
            raise ProblemException(status=503, title="Service Unavailable", detail=str(error)) from None
        return function(*args, **kwargs)

    return cast("T", decorated)
