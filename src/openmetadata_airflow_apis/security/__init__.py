"""Who is calling, and what they may do: the gate, tokens, login, permissions.

gate         who is calling: a token, a password, or a signed-in browser
permissions  whether they may do this, asked of Airflow
login        passwords in, tokens out; refresh and logout
tokens       what a token says, and whether it still holds
revocation   which tokens were ended before their time
passwords    a user name and a password, checked by Airflow's own security manager
login_limits how often a password may be wrong
login_tries  the count of that in Airflow's database, one for all webservers
identity     whose request this is, as Airflow's own checks see it
headers      response headers, and no session cookie for a caller without one
setup        what Airflow's application and database must know of us
auth_backend the same tokens for Airflow's own API
"""

from __future__ import annotations

from openmetadata_airflow_apis.security import gate, headers, login, permissions, setup
from openmetadata_airflow_apis.security.identity import user_name

__all__ = ["gate", "headers", "login", "permissions", "setup", "user_name"]
