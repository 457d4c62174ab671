"""Whose request this is: loads users, and makes one of them the user that Airflow's own checks see."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from airflow.www.extensions.init_auth_manager import get_auth_manager
from flask import current_app, g
from flask.globals import request_ctx
from flask.sessions import SecureCookieSession
from sqlalchemy import bindparam, inspect, select
from sqlalchemy.orm import lazyload

from openmetadata_airflow_apis.security import revocation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session


class RequestSession(SecureCookieSession):
    """A session that ends with the request."""


def fab_security_manager() -> Any | None:
    """Return Flask-AppBuilder's security manager, None if another auth manager keeps the users."""
    manager = getattr(current_app, "appbuilder", None)
    security_manager = getattr(manager, "sm", None)
    return security_manager if hasattr(security_manager, "auth_user_db") else None


def active_user(user_id: int, identifiers: Sequence[str]) -> tuple[Any, bool] | None:
    """Return the user with that id, and whether one of these tokens or families is revoked. One statement.

    None if there is no such user, or the user is not active. Raises Unavailable if this can't be read.
    """
    security_manager = fab_security_manager()
    if security_manager is None:
        return None
    statement = _user_of_id(security_manager.user_model)
    session = security_manager.get_session
    with revocation.asking(session):
        row = session.execute(statement, {"user_id": user_id, "identifiers": identifiers}).one_or_none()
    return tuple(row) if row is not None and row[0].is_active else None


@functools.cache
def _user_of_id(model: Any) -> Select:
    """Return the statement that reads a user by `user_id`; built once, since each request runs it."""
    # Otherwise the roles would be read with all their permissions, which costs more than the rest of a call; Airflow's
    # checks read the permissions by a statement of their own. Airflow < 3 keeps its users where our tables are.
    user_and_revocation = (
        select(model, revocation.IS_REVOKED).where(model.id == bindparam("user_id")).options(lazyload("*"))
    )
    return user_and_revocation.execution_options(populate_existing=True)


def bind(user: Any) -> None:
    """Make user the one whom Airflow's permission checks ask about, for this request alone.

    Airflow's auth manager prefers flask-login's user to g.user: both must be replaced, or an Admin's cookie
    beside a Viewer's token would act as the Admin.
    """
    leave_session()
    g.user = user
    app: Any = current_app
    # flask-login has no public way to set the request's user without writing the session.
    app.login_manager._update_request_context_with_user(user)  # noqa: SLF001


def request_user() -> Any:
    """Return the user whom Airflow's checks ask about, None for nobody."""
    user: Any = get_auth_manager().get_user()
    return getattr(user, "_get_current_object", lambda: user)()  # flask-login's is a proxy


def attach_again(session: Session) -> None:
    """Attach the request's user to a session after the handler's is closed, since Airflow's checks read the roles."""
    user = request_user()
    state = inspect(user, raiseerr=False)
    if state is not None and state.detached:
        session.add(user)


def leave_session() -> None:
    """Give the request a session of its own, so that nothing reads or changes the browser's."""
    request_ctx.session = RequestSession()


def user_name() -> str:
    """Return the name of the request's user, as Airflow's audit log writes it."""
    auth_manager = get_auth_manager()
    # Airflow < 2.8 calls the first and last name the user name
    return str(getattr(auth_manager.get_user(), "username", None) or auth_manager.get_user_name())
