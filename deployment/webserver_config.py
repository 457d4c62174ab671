"""A webserver_config.py to start from: how users sign in, and how often a password may be wrong.

Everything that differs between installations comes from the environment:

RATELIMIT_STORAGE_URI   where wrong passwords are counted, `redis://redis:6379/1` say. Without it this plugin counts
                        them in Airflow's database, for all webservers together, and Airflow's own login page in
                        each process by itself.
LDAP_SERVER             `ldaps://ldap.example.org`. Without it users and passwords are Airflow's own.
LDAP_BIND_USER          who looks users up, `cn=airflow,ou=services,dc=example,dc=org`, with LDAP_BIND_PASSWORD
LDAP_SEARCH             below what, `ou=people,dc=example,dc=org`
LDAP_UID_FIELD          the attribute with the user name: `uid`, or `sAMAccountName` of an Active Directory
LDAP_CA_FILE            the certificates to trust, where the system's are not enough
"""

from __future__ import annotations

import os

from flask_appbuilder.const import AUTH_DB, AUTH_LDAP

WTF_CSRF_ENABLED = True
WTF_CSRF_TIME_LIMIT = None

# By address and by user name, at every way to send a password. Behind a proxy, [webserver] enable_proxy_fix is needed.
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "5 per 40 second"
if os.environ.get("RATELIMIT_STORAGE_URI"):
    RATELIMIT_STORAGE_URI = os.environ["RATELIMIT_STORAGE_URI"]

AUTH_TYPE = AUTH_DB
if os.environ.get("LDAP_SERVER"):
    AUTH_TYPE = AUTH_LDAP
    AUTH_LDAP_SERVER = os.environ["LDAP_SERVER"]
    AUTH_LDAP_BIND_USER = os.environ["LDAP_BIND_USER"]
    AUTH_LDAP_BIND_PASSWORD = os.environ["LDAP_BIND_PASSWORD"]
    AUTH_LDAP_SEARCH = os.environ["LDAP_SEARCH"]
    AUTH_LDAP_UID_FIELD = os.environ.get("LDAP_UID_FIELD", "uid")
    # No password travels in clear: ldaps:// from the first byte, ldap:// after STARTTLS.
    AUTH_LDAP_USE_TLS = not AUTH_LDAP_SERVER.startswith(("ldaps:", "ldap://127.0.0.1"))
    AUTH_LDAP_TLS_DEMAND = True
    AUTH_LDAP_ALLOW_SELF_SIGNED = False
    if os.environ.get("LDAP_CA_FILE"):
        AUTH_LDAP_TLS_CACERTFILE = os.environ["LDAP_CA_FILE"]
    # Who signs in for the first time gets an account with this role; an Admin gives more.
    AUTH_USER_REGISTRATION = True
    AUTH_USER_REGISTRATION_ROLE = "Viewer"
