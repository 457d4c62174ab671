"""What a client generated from an older specification could no longer do with a newer one.

    breaking_changes(released, current)    # ["post /dags: the parameter 'force' is gone", ...]

A request may be asked for less and an answer may say more, never the other way round: what a client may
send is compared as `sent`, what it must be able to read as `read`. Words for people (summary, description,
example, title) may change freely. No library on PyPI or npm compares OpenAPI 3 documents in both directions
without fetching a binary of another language, so this is our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]
Direction = Literal["sent", "read"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_EVERY_TYPE = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_UPPER_BOUNDS = ("maximum", "maxLength", "maxItems", "maxProperties")
_LOWER_BOUNDS = ("minimum", "minLength", "minItems", "minProperties")
_EXACT = ("format", "pattern", "multipleOf", "uniqueItems", "allOf", "anyOf", "oneOf", "not", "discriminator")


def breaking_changes(released: Document, current: Document) -> list[str]:
    """Return a sentence for each change that breaks a client of the released document; none is a good sign."""
    return list(dict.fromkeys(_Comparison(released, current).changes()))


class _Comparison:
    def __init__(self, released: Document, current: Document) -> None:
        self.released = released
        self.current = current
        # Pairs of schemas that were compared, or are being compared: schemas may contain themselves.
        self.compared: set[tuple[str, Direction]] = set()

    def changes(self) -> Iterator[str]:
        for path, item in self.released["paths"].items():
            if path not in self.current["paths"]:
                yield f"the path {path} is gone"
                continue
            new_item = self.current["paths"][path]
            for method in [name for name in _METHODS if name in item]:
                if method in new_item:
                    yield from self._operation(f"{method} {path}", (item, method), (new_item, method))
                else:
                    yield f"{method} {path} is gone"
        # What no operation refers to is there for people who generate models from it.
        for name, schema in _schemas(self.released).items():
            if name not in _schemas(self.current):
                yield f"the schema {name} is gone"
            elif not {(name, "sent"), (name, "read")} & self.compared:
                yield from self._schema(name, schema, _schemas(self.current)[name], "sent")

    def _operation(self, place: str, old_at: tuple[Document, str], new_at: tuple[Document, str]) -> Iterator[str]:
        old, new = old_at[0][old_at[1]], new_at[0][new_at[1]]
        for key in ("operationId", "tags"):
            if old.get(key) != new.get(key):
                yield f"{place}: its {key} changed from {old.get(key)} to {new.get(key)}"
        yield from self._security(place, old, new)
        yield from self._parameters(place, self._all_parameters(old_at, self.released), new_at)
        yield from self._request_body(place, old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status in new["responses"]:
                old_answer = _resolved(answer, self.released)
                new_answer = _resolved(new["responses"][status], self.current)
                yield from self._content(f"{place} {status}", old_answer, new_answer, "read")
            else:
                yield f"{place}: the answer {status} is gone"
        parameters = self._all_parameters(new_at, self.current)
        asked_for = {name for _, name in parameters.keys() - self._all_parameters(old_at, self.released).keys()}
        for status, answer in new["responses"].items():
            # An answer that comes only where a new parameter is sent, which old clients don't know, does no harm.
            unasked = answer.get("x-only-with") not in asked_for
            if status.startswith("2") and status not in old["responses"] and unasked:
                yield f"{place}: the answer {status} is new, and old clients take it for a failure"

    def _security(self, place: str, old: Document, new: Document) -> Iterator[str]:
        # Without any alternative nobody has to sign in.
        was = old.get("security", self.released.get("security", []))
        now = new.get("security", self.current.get("security", []))
        if now and not was:
            yield f"{place}: it needs credentials now"
        for alternative in was if now else []:
            if alternative not in now:
                yield f"{place}: it no longer takes the credentials {sorted(alternative)}"

    def _all_parameters(self, at: tuple[Document, str], document: Document) -> dict[tuple[str, str], Document]:
        item, method = at
        listed = [*item.get("parameters", []), *item[method].get("parameters", [])]
        resolved = [_resolved(parameter, document) for parameter in listed]
        return {(parameter["in"], parameter["name"]): parameter for parameter in resolved}

    def _parameters(
        self, place: str, old: dict[tuple[str, str], Document], new_at: tuple[Document, str]
    ) -> Iterator[str]:
        new = self._all_parameters(new_at, self.current)
        for key, parameter in old.items():
            if key not in new:
                yield f"{place}: the {key[0]} parameter '{key[1]}' is gone"
                continue
            there = f"{place}: the parameter '{key[1]}'"
            if new[key].get("required") and not parameter.get("required"):
                yield f"{there} is required now"
            yield from self._schema(there, parameter["schema"], new[key]["schema"], "sent")
        for key, parameter in new.items():
            if key not in old and parameter.get("required"):
                yield f"{place}: the required parameter '{key[1]}' is new"

    def _request_body(self, place: str, old: Document | None, new: Document | None) -> Iterator[str]:
        old, new = _resolved(old or {}, self.released), _resolved(new or {}, self.current)
        if new.get("required") and not old.get("required"):
            yield f"{place}: a body is required now"
        if old and not new:
            yield f"{place}: it takes no body any more"
        else:
            yield from self._content(f"{place} body", old, new, "sent")

    def _content(self, place: str, old: Document, new: Document, direction: Direction) -> Iterator[str]:
        for media, body in old.get("content", {}).items():
            if media in new.get("content", {}):
                yield from self._schema(place, body["schema"], new["content"][media]["schema"], direction)
            else:
                yield f"{place}: {media} is gone"

    def _schema(self, place: str, old: Any, new: Any, direction: Direction) -> Iterator[str]:
        old_name, new_name = _name(old), _name(new)
        if old_name is not None:
            if old_name != new_name:
                yield f"{place}: the schema {old_name} has become {new_name or 'one without a name'}"
                return
            if (old_name, direction) in self.compared:
                return
            self.compared.add((old_name, direction))
            place = old_name
        old, new = _resolved(old, self.released), _resolved(new, self.current)
        yield from _values(place, old, new, direction)
        yield from self._properties(place, old, new, direction)
        for key, name in (("items", "items"), ("x-items", "items"), ("additionalProperties", "values")):
            if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
                yield from self._schema(f"{place}, its {name}", old[key], new[key], direction)
        closed, was_closed = (schema.get("additionalProperties") is False for schema in (new, old))
        if direction == "sent" and closed and not was_closed:
            yield f"{place}: it takes no further properties any more"

    def _properties(self, place: str, old: Document, new: Document, direction: Direction) -> Iterator[str]:
        was = {**old.get("properties", {}), **old.get("x-properties", {})}
        now = {**new.get("properties", {}), **new.get("x-properties", {})}
        for key, schema in was.items():
            if key in now:
                yield from self._schema(f"{place}.{key}", schema, now[key], direction)
            else:
                yield f"{place}: the property '{key}' is gone"
        required, was_required = set(new.get("required", [])), set(old.get("required", []))
        if direction == "sent":
            yield from (f"{place}: the property '{key}' is required now" for key in sorted(required - was_required))
        else:
            yield from (f"{place}: the property '{key}' may be missing now" for key in sorted(was_required - required))


def _values(place: str, old: Document, new: Document, direction: Direction) -> Iterator[str]:
    """Yield how the values that a schema allows are fewer (sent) or more (read) than they were."""
    if old.get("type", "any") != new.get("type", "any"):
        yield f"{place}: its type changed from {old.get('type', 'any')} to {new.get('type', 'any')}"
    if direction == "sent":
        yield from (f"{place}: {name} is not accepted any more" for name in sorted(_types(old) - _types(new)))
        yield from _bounds(place, old, new)
    else:
        yield from (f"{place}: {name} is answered now" for name in sorted(_types(new) - _types(old)))
    yield from _enum(place, old.get("enum"), new.get("enum"), direction)
    for key in (*_EXACT, "x-schema"):
        if old.get(key) != new.get(key):
            yield f"{place}: {key} changed from {old.get(key)} to {new.get(key)}"


def _bounds(place: str, old: Document, new: Document) -> Iterator[str]:
    for keys, sign in ((_UPPER_BOUNDS, 1), (_LOWER_BOUNDS, -1)):
        for key in keys:
            if key in new and (key not in old or sign * new[key] < sign * old[key]):
                yield f"{place}: {key} is {new[key]}, and was {old.get(key, 'not there')}"
    if old.get("default") != new.get("default"):
        yield f"{place}: its default changed from {old.get('default')} to {new.get('default')}"


def _enum(place: str, old: list[str] | None, new: list[str] | None, direction: Direction) -> Iterator[str]:
    if direction == "sent" and new is not None:
        if old is None:
            yield f"{place}: only some values are accepted now"
        yield from (f"{place}: the value '{value}' is gone" for value in old or [] if value not in new)
    if direction == "read" and old is not None:
        if new is None:
            yield f"{place}: any value is answered now"
        yield from (f"{place}: the value '{value}' is new" for value in new or [] if value not in old)


def _types(schema: Document) -> frozenset[str]:
    """Return the JSON types that a schema allows; x-types are all of them where OpenAPI's type is one."""
    types = schema.get("x-types") or ([schema["type"]] if "type" in schema else _EVERY_TYPE)
    found = {*types, *(["null"] if schema.get("nullable") else [])}
    return frozenset(found | {"integer"} if "number" in found else found)


def _name(schema: Document) -> str | None:
    return str(schema["$ref"]).rpartition("/")[2] if "$ref" in schema else None


def _resolved(node: Document, document: Document) -> Document:
    while "$ref" in node:
        found: Any = document
        for part in str(node["$ref"])[2:].split("/"):
            found = found[part]
        node = found
    return node


def _schemas(document: Document) -> dict[str, Document]:
    found: dict[str, Document] = document.get("components", {}).get("schemas", {})
    return found
