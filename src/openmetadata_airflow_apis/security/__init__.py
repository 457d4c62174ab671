"""Who is calling, and what they may do: the gate, tokens, login, permissions.

authentication.py         the gate: who is calling, by a token, a password, or a signed-in browser
operation_permissions.py  whether they may do this, asked of Airflow; the names of our resources
own_permissions.py        our own permissions in Airflow's tables: made at the start, removed by uninstall
user_permissions.py       all that a user may do, read by one statement that is built once in each process
login.py                  a password in, tokens out; the `provider` must be the way in which this Airflow signs users in
refresh_tokens.py         a new access token for a refresh token; a second use ends its login, a lost COMMIT is none
logout.py                 ends a login with all of its tokens
tokens.py                 what a token says, and whether it still holds
revocation.py             which tokens were revoked or used up
passwords.py              a user name and a password, checked by Airflow's own security manager
login_limits.py           how often a password may be wrong, counted in Airflow's database for all webservers
identity.py               whose request this is, as Airflow's own checks see it
response_headers.py       response headers; no answer stores the browser's session or sets its cookie
auth_backend.py           the same tokens for Airflow's own API
"""

from __future__ import annotations

from openmetadata_airflow_apis.security import authentication, login, response_headers
from openmetadata_airflow_apis.security.identity import user_name

__all__ = ["authentication", "login", "response_headers", "user_name"]
