"""Who is calling, and what they may do: the gate, tokens, login, permissions.

authentication.py    the gate: who is calling, by a token, a password, or a signed-in browser; what the header may say
permissions.py       whether they may do this, asked of Airflow; the names of our resources and menu entries
user_permissions.py  all that a user may do, read by one statement that is built once in each process
login.py             passwords in, tokens out; refresh, where a token used twice ends its login; logout
tokens.py            what a token says, and whether it still holds
revocation.py        which tokens were revoked or used up; a renewal whose COMMIT was lost is no second use
passwords.py         a user name and a password, checked by Airflow's own security manager
login_limits.py      how often a password may be wrong
login_tries.py       the count of wrong passwords in Airflow's database, one for all webservers
identity.py          whose request this is, as Airflow's own checks see it
headers.py           response headers; no answer stores the browser's session or sets its cookie
setup.py             our permissions, and the tables of sign-ins, made at the start; what uninstall removes of them
auth_backend.py      the same tokens for Airflow's own API
"""

from __future__ import annotations

from openmetadata_airflow_apis.security import authentication, headers, login, permissions, setup
from openmetadata_airflow_apis.security.identity import user_name

__all__ = ["authentication", "headers", "login", "permissions", "setup", "user_name"]
