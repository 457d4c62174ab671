"""What a database that answers refuses: it is read-only, full, has no connection left, or rows are locked."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

READ_ONLY = "is read-only"
# What a database that answers says against a change, or a connection: the codes of PostgreSQL and MySQL, SQLite's words
# and, where a connection was refused and psycopg2 has no code, PostgreSQL's.
_REFUSALS: dict[str, tuple[object, ...]] = {
    READ_ONLY: ("25006", 1290, 1836, "attempt to write a readonly database"),
    "has no connection left": ("53300", 1040, "too many clients already", "remaining connection slots are reserved"),
    "has no room left on its disk": ("53100", 1021, "database or disk is full"),
    "has rows that this needs locked by another transaction": ("55P03", 1205),
}


def refusal(error: BaseException) -> str | None:
    """Return the end of the sentence "Airflow's database …" for what a database that answers refuses; None for else."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    code = getattr(error.orig, "pgcode", None) or next(iter(error.orig.args), None)
    text = str(error.orig)
    for sentence, signs in _REFUSALS.items():
        if code in signs or any(isinstance(sign, str) and not sign.isalnum() and sign in text for sign in signs):
            return sentence
    return None


def why(sentence: str, error: BaseException) -> str:
    """Return a sentence that says that the database does not answer with what it says instead, where it does answer."""
    reason = refusal(error)
    if reason is None:
        return sentence
    for guess in ("does not answer, or is too busy", "does not answer"):
        sentence = sentence.replace(guess, reason)
    return sentence.replace("did not take it", f"did not take it, since it {reason}")
