"""A request body is read as one JSON document that no two readers could understand differently."""

from __future__ import annotations

import pytest

from openmetadata_airflow_apis.api.strict_json import parse
from openmetadata_airflow_apis.errors import MalformedBody


def test_plain_json_is_read():
    """Any JSON value of UTF-8 text is taken as it is."""
    assert parse('{"a": [1, 2.5, null, true, "ü😀"], "b": {}}'.encode()) == {"a": [1, 2.5, None, True, "ü😀"], "b": {}}


def test_sixty_four_levels_are_read():
    """Bodies may be nested 64 levels deep."""
    assert parse(b"[" * 64 + b"]" * 64)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"a": }', "The body is not JSON: Expecting value at line 1, column 7"),
        (b'{"a": 1, "a": 2}', 'The key "a" stands twice in the object at /; keep one of them'),
        (b'{"x": [{"b": 1, "c": 2, "b": 1}]}', 'The key "b" stands twice in the object at /x/0; keep one of them'),
        (b"[NaN]", "The body has NaN, which is not JSON (use null or a string), at /0"),
        (b"[-Infinity]", "The body has -Infinity, which is not JSON (use null or a string), at /0"),
        (b"[1e999]", "The body has a number that is too large for a double, at /0"),
        (b"\xff\xfe", "The body is not UTF-8: byte 0 cannot be read"),
        (b"\xef\xbb\xbf{}", "The body starts with a byte order mark; send plain UTF-8"),
        (
            b'{"a": ["x", {"b/c": "\\ud800"}]}',
            "The body has a lone surrogate (\\ud800 to \\udfff) in a string, which is half a character, at /a/1/b~1c",
        ),
        (b'{"a": "x\\u0000"}', "The body has a NUL (\\u0000) in a string, which no database keeps, at /a"),
        (b'["x', "The body is not JSON: Unterminated string starting at line 1, column 2"),
        (
            b'{"\\udfff": 1}',
            "The body has a lone surrogate (\\ud800 to \\udfff) in a string, which is half a character, at /\udfff",
        ),
        (b"[" * 65 + b"]" * 65, "The body is nested deeper than 64 levels"),
        (b"[" * 100_000 + b"]" * 100_000, "The body is nested deeper than 64 levels"),
        (b"1" * 5000, "The body has a number with too many digits; send it as a string"),
    ],
)
def test_what_could_be_misunderstood_is_refused(data, sentence):
    """Duplicate keys, NaN, other encodings, lone surrogates and deep nesting are refused with the reason."""
    with pytest.raises(MalformedBody) as caught:
        parse(data)
    assert str(caught.value) == sentence
