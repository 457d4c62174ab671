"""The logins of `managed-dags login`: one file below the user's configuration folder that nobody else may read.

A login's access token is renewed by its refresh token when it has expired.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from managed_dags_cli.connection import reason_of, tokens_of
from managed_dags_cli.errors import CommandError, NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from managed_dags_cli.connection import Connection

try:
    import fcntl
except ImportError:  # Windows: two commands at once may each renew a token
    fcntl = None  # type: ignore[assignment]

_REFRESH = "/api/v1/security/refresh"


@dataclass(frozen=True)
class StoredLogin:
    """A login at a server. Tokens are as the server gave them; there is no refresh token for a login by --token."""

    url: str
    username: Optional[str] = None  # noqa: UP045 - Python 3.9 reads it when the class is made
    access_token: Optional[str] = None  # noqa: UP045
    refresh_token: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class Logins:
    """All logins by their names. current: the one to use if none is named."""

    current: Optional[str] = None  # noqa: UP045
    logins: dict[str, StoredLogin] = field(default_factory=dict)

    def named(self, name: str) -> StoredLogin:
        """Return a login; raise NotSignedIn if there is none of that name."""
        if name not in self.logins:
            names = ", ".join(sorted(self.logins)) or "none"
            raise NotSignedIn(
                f"there is no login '{name}' (there are: {names}); `managed-dags login URL --name {name}`"
            )
        return self.logins[name]

    def with_login(self, name: str, login: StoredLogin) -> Logins:
        """Return these logins with one added or replaced; that is then the current one."""
        return Logins(name, {**self.logins, name: login})

    def without(self, name: str) -> Logins:
        """Return these logins without one; if it was the current one, none is until the user chooses one."""
        logins = {login_name: login for login_name, login in self.logins.items() if login_name != name}
        return Logins(None if self.current == name else self.current, logins)


def path() -> Path:
    """Return the file's path: below MANAGED_DAGS_CONFIG, or else the user's configuration folder."""
    import click

    folder = os.environ.get("MANAGED_DAGS_CONFIG") or click.get_app_dir("managed-dags")
    return Path(folder) / "logins.json"


def read() -> Logins:
    """Return the stored logins; raise CommandError if the file is damaged, or others may read it."""
    file = path()
    try:
        mode = file.stat().st_mode
        content = file.read_bytes()
    except FileNotFoundError:
        return Logins()
    except OSError as error:
        raise _unusable(file, "read", error) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise CommandError(f"{file} has tokens, and others may read it; `chmod 600 {file}`, or log in again")
    try:
        document = json.loads(content)
        logins = {name: StoredLogin(**login) for name, login in document["logins"].items()}
        if not all(isinstance(login.url, str) for login in logins.values()):
            raise TypeError
        return Logins(document.get("current"), logins)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CommandError(f"{file} is not as `managed-dags login` wrote it; remove it and log in again") from None


def write(logins: Logins) -> None:
    """Write the file as a whole or not at all, for this user alone."""
    file = path()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".logins-")  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(asdict(logins), stream, indent=2)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unusable(file, "written", error) from None


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Keep other commands from changing the file during the block."""
    file = path().parent / "lock"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = file.open("w")
    except OSError as error:
        raise _unusable(file, "written", error) from None
    with lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unusable(file: Path, done: str, error: OSError) -> CommandError:
    return CommandError(f"{file} cannot be {done}: {error.strerror}; MANAGED_DAGS_CONFIG names another folder")


def _store_tokens(name: str, access_token: str, refresh_token: str | None) -> None:
    """Store a login's new tokens; the caller holds the lock."""
    logins = read()
    login = logins.named(name)
    renewed = replace(login, access_token=access_token, refresh_token=refresh_token or login.refresh_token)
    write(replace(logins, logins={**logins.logins, name: renewed}))


class Stored:
    """A stored login: its access token, renewed by its refresh token when it has expired."""

    def __init__(self, name: str) -> None:
        self._name = name

    def token(self, connection: Connection) -> str:  # noqa: ARG002 - GivenToken and Password have the same methods
        """Return the stored access token."""
        login = read().named(self._name)
        if not login.access_token:
            raise NotSignedIn(f"the login '{self._name}' has no token; {_login_command(self._name, login.url)}")
        return login.access_token

    def renew(self, connection: Connection, refused: str) -> bool:
        """Renew the token by the refresh token, or take the one that another command has stored meanwhile."""
        with locked():
            login = read().named(self._name)
            if login.access_token and login.access_token != refused:
                return True
            if not login.refresh_token:
                return False
            headers = {"Authorization": f"Bearer {login.refresh_token}"}
            answer = connection.send("POST", _REFRESH, headers=headers)
            ended = f"the login '{self._name}' has ended: {reason_of(answer)}; {_login_command(self._name, login.url)}"
            tokens = tokens_of(answer, connection.url, refused=ended)
            _store_tokens(self._name, tokens["access_token"], tokens.get("refresh_token"))
            return True


def _login_command(name: str, url: str) -> str:
    return f"`managed-dags login {url} --name {name}`"
