"""Issues tokens, and tells what a token says and whether it is still valid."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import jwt
from flask import current_app
from flask_jwt_extended.config import config as jwt_config
from jwt.utils import base64url_decode

from openmetadata_airflow_apis.errors import ConfigurationError, NotSignedIn
from openmetadata_airflow_apis.security import identity

if TYPE_CHECKING:
    from collections.abc import Collection

ALGORITHM = "HS256"
ISSUER = "openmetadata-airflow-apis"
AUDIENCE = "airflow"
# The clocks of two webservers may differ by this when one reads what the other issued. Expiry has no such grace.
_CLOCK_SKEW = timedelta(seconds=60)
_LOG_IN = "log in again at /api/v1/security/login"
_SENTENCES: dict[type[Exception], str] = {
    jwt.InvalidSignatureError: "The token was not signed here, or was changed since",
    jwt.ImmatureSignatureError: "The token is not valid yet: the clocks of two webservers differ",
    jwt.InvalidIssuerError: "The token was issued by another program",
    jwt.InvalidAudienceError: "The token is meant for another program",
    jwt.InvalidAlgorithmError: "The token is signed in a way that is not taken here",
}
_USER_ID = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_LARGEST_USER_ID = 2**31 - 1
_IDENTIFIER = re.compile(r"[0-9a-f-]{36}", re.ASCII)


@dataclass(frozen=True)
class Token:
    """A valid token: it was issued here, has not expired, and its user may still sign in."""

    user: Any
    type: str
    jti: str
    family: str
    fresh: bool


def issue(user: Any, token_type: str, *, family: str, fresh: bool = False) -> str:
    """Return a signed token for user; token_type is "access" or "refresh", family joins the tokens of one login."""
    key = _signing_key()
    now = datetime.now(timezone.utc)
    claims = {
        "iat": now,
        "nbf": now,
        "exp": now + _lifetime(token_type),
        "jti": str(uuid.uuid4()),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user.id),
        "type": token_type,
        "fresh": fresh,
        "family": family,
        "password": _fingerprint(user, key),
    }
    return jwt.encode(claims, key, ALGORITHM, headers={"kid": _key_id(key)})


def verify(encoded: str, types: Collection[str], *, spent_allowed: bool = False) -> Token:
    """Return what a token says if it is valid; raise NotSignedIn with the reason if not.

    types: which of "access" and "refresh" are accepted. spent_allowed: look only whether the token's family is revoked;
    the caller looks whether the token itself is. Raises Unavailable if revocations can't be read.
    """
    claims, key = _signed_claims(encoded, types)
    if claims["type"] not in types:
        raise NotSignedIn(
            f"Only {' or '.join(sorted(types))} tokens are allowed",
            "send the other token of your login" if len(types) == 1 else _LOG_IN,
        )
    identifiers = [claims["family"]] if spent_allowed else [claims["family"], claims["jti"]]
    user_and_revocation = identity.active_user(int(claims["sub"]), identifiers)
    if user_and_revocation is None:
        raise NotSignedIn("The user of this token is gone or not active", "log in as another, or ask an Airflow Admin")
    user, is_revoked = user_and_revocation
    if not hmac.compare_digest(_fingerprint(user, key), claims["password"]):
        raise NotSignedIn("The password has changed since this token was issued", _LOG_IN)
    if is_revoked:
        raise NotSignedIn("Token has been revoked", _LOG_IN)
    return Token(user, claims["type"], claims["jti"], claims["family"], fresh=claims["fresh"])


def issuer_of(encoded: str) -> object:
    """Return who a token says it is from, unverified; None if it does not say, or is not a token."""
    try:
        return jwt.decode(encoded, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, RecursionError):
        return None


def last_expiry() -> datetime:
    """Return the time by which every token that exists now has expired."""
    return datetime.now(timezone.utc) + max(_lifetime("access"), _lifetime("refresh"))


def _signed_claims(encoded: str, types: Collection[str]) -> tuple[dict[str, Any], bytes]:
    """Return the claims of a token that was signed here, each of the right form, and the key it was signed with."""
    try:
        key = _known_keys().get(_key_id_in(encoded))
        if key is None:
            raise NotSignedIn("The token was signed with a key that is not in use here", _LOG_IN)
        claims = jwt.decode(
            encoded,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=_CLOCK_SKEW,
            options={"require": ["exp", "iat", "nbf", "jti", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise _expired(types) from None
    except (jwt.PyJWTError, RecursionError, OverflowError) as error:
        raise _refusal(error) from None
    _check_form(claims)
    now = datetime.now(timezone.utc).timestamp()
    # If a lifetime is shortened, tokens that were issued before end sooner, too.
    ends_at = min(claims["exp"], claims["iat"] + _lifetime(claims["type"]).total_seconds())
    if ends_at + float(jwt_config.leeway) <= now:
        raise _expired({claims["type"]})
    return claims, key


def _key_id_in(encoded: str) -> str:
    """Return the key id that a token's header names, unverified; raise PyJWTError if there is no such header.

    To read a header, PyJWT reads the whole token, letter by letter, and would so do that twice for each request.
    """
    try:
        header = json.loads(base64url_decode(encoded.partition(".")[0]))
    except ValueError as error:
        raise jwt.DecodeError from error
    key_id = header.get("kid", "") if isinstance(header, dict) else None
    if not isinstance(key_id, str):
        raise jwt.DecodeError
    return key_id


def _expired(types: Collection[str]) -> NotSignedIn:
    cure = f"get a new one at /api/v1/security/refresh with your refresh token, or {_LOG_IN}"
    return NotSignedIn("Token has expired", _LOG_IN if "refresh" in types else cure)


def _refusal(error: Exception) -> NotSignedIn:
    """Return what is wrong with a token, in our words: PyJWT's are about JWTs, and change."""
    if isinstance(error, jwt.MissingRequiredClaimError):
        return _bad_claim(error.claim)
    sentence = next((sentence for kind, sentence in _SENTENCES.items() if isinstance(error, kind)), None)
    if sentence is not None:
        return NotSignedIn(sentence, _LOG_IN)
    return NotSignedIn(
        "The token cannot be read: it is cut off, or none of this API's", f"send the whole token, or {_LOG_IN}"
    )


def _bad_claim(name: str) -> NotSignedIn:
    return NotSignedIn(f"The token's claim '{name}' is missing or not of the right form", _LOG_IN)


def _check_form(claims: dict[str, Any]) -> None:
    subject, identifiers = claims["sub"], (claims["jti"], claims.get("family"))
    well_formed = {
        "type": claims.get("type") in ("access", "refresh"),
        "aud": claims["aud"] == AUDIENCE,
        "exp": _is_number(claims["exp"]),
        "iat": _is_number(claims["iat"]),
        "sub": isinstance(subject, str) and bool(_USER_ID.fullmatch(subject)) and int(subject) <= _LARGEST_USER_ID,
        "jti": isinstance(identifiers[0], str) and bool(_IDENTIFIER.fullmatch(identifiers[0])),
        "family": isinstance(identifiers[1], str) and bool(_IDENTIFIER.fullmatch(identifiers[1])),
        "fresh": isinstance(claims.get("fresh"), bool),
        "password": isinstance(claims.get("password"), str) and claims["password"].isascii(),
    }
    for name, is_well_formed in well_formed.items():
        if not is_well_formed:
            raise _bad_claim(name)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _lifetime(token_type: str) -> timedelta:
    lifetime = jwt_config.access_expires if token_type == "access" else jwt_config.refresh_expires  # nosec B105 # noqa: S105 - a token's type
    if not isinstance(lifetime, timedelta):
        raise ConfigurationError(
            f"JWT_{token_type.upper()}_TOKEN_EXPIRES of webserver_config.py is not a duration: "
            "tokens that never end are not issued; set a datetime.timedelta"
        )
    return lifetime


def _signing_key() -> bytes:
    configured = current_app.config.get("JWT_SECRET_KEY")
    if configured:
        return _bytes(configured)
    if not current_app.secret_key:
        raise ConfigurationError("[webserver] secret_key is empty; set it to a long random text")
    return _derived(current_app.secret_key)


def _known_keys() -> dict[str, bytes]:
    """Return the keys that a token may be signed with, by key id: the present one, and the previous ones."""
    keys = [_signing_key()]
    if current_app.config.get("JWT_PREVIOUS_SECRET_KEY"):
        keys.append(_bytes(current_app.config["JWT_PREVIOUS_SECRET_KEY"]))
    keys += [_derived(secret) for secret in current_app.config.get("SECRET_KEY_FALLBACKS") or ()]
    return {_key_id(key): key for key in keys}


def _derived(secret: str | bytes) -> bytes:
    # SECRET_KEY signs sessions and CSRF tokens, and other plugins' tokens: it must never sign ours as it is.
    return hmac.digest(_bytes(secret), b"openmetadata-airflow-apis: signing of tokens, 1", "sha256")


def _key_id(key: bytes) -> str:
    return _text(hmac.digest(key, b"key id", "sha256")[:9])


def _fingerprint(user: Any, key: bytes) -> str:
    stored_hash = str(user.password or "").encode()
    return _text(hmac.digest(key, b"password: " + hashlib.sha256(stored_hash).digest(), "sha256")[:15])


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()
