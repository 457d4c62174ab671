"""The page of all operations, as Markdown, from openapi/openapi.yaml: readable without running anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ("get", "post", "put", "patch", "delete")
INTRODUCTION = """# Operations

Every operation of `openapi/openapi.yaml`, which a webserver with this plugin serves at `/rest_api/api/openapi.yaml`.
[The API with curl](calling.md) has them at work, [Security](security.md#who-may-do-what) who may call which, and
[Errors](errors.md) what each error means.
"""
PROBLEMS = "application/problem+json"


def operations_page(document: dict[str, Any]) -> str:
    """Return the page of a specification: an overview, the operations by their tags, and the schemas."""
    return "\n".join([INTRODUCTION, *_overview(document), *_operations(document), *_schemas(document)])


def described(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and operation, in the order of the specification."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def _overview(document: dict[str, Any]) -> Iterator[str]:
    yield "| operation | request | |"
    yield "|---|---|---|"
    for method, path, operation in described(document):
        name = operation["operationId"]
        yield f"| [`{name}`](#{name}) | `{method} {path}` | {operation['summary']} |"


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"\n## {tag['description'].rstrip('.')} {{: #{tag['name']} }}\n"
        for method, path, operation in described(document):
            if operation["tags"] == [tag["name"]]:
                yield from _operation(document, method, path, operation)


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    name = operation["operationId"]
    yield f"### {operation['summary']}: `{name}` {{: #{name} }}\n"
    yield f"```text\n{method} {path}\n```\n"
    old_door = operation.get("x-old-door")
    if old_door:
        ways = " or ".join(old_door["methods"] if isinstance(old_door, dict) else old_door)
        yield f"At the old door: `{ways.upper()} /rest_api/api?api={name}`.\n"
    yield f"{operation['description'].strip()}\n"
    parameters = [_resolved(document, parameter) for parameter in operation.get("parameters", ())]
    if parameters:
        yield "| argument | in | type | default | |"
        yield "|---|---|---|---|---|"
        for parameter in parameters:
            schema = parameter["schema"]
            required = "" if parameter["in"] == "path" or not parameter.get("required") else " (required)"
            yield (
                f"| `{parameter['name']}` | {parameter['in']}{required} | {_type(schema)} | {_default(schema)} "
                f"| {_cell(parameter['description'])} |"
            )
        yield ""
    body = operation.get("requestBody")
    if body:
        body = _resolved(document, body)
        yield f"**Body**{'' if body.get('required') else ' (may be left out)'}\n"
        for media_type, media in body["content"].items():
            yield from _media(document, media_type, media)
    yield "**Answers**\n"
    yield "| status | | body |"
    yield "|---|---|---|"
    answers = {status: _resolved(document, answer) for status, answer in operation["responses"].items()}
    for status, answer in answers.items():
        kinds = [_type(media["schema"]) for media in answer.get("content", {}).values() if "schema" in media]
        yield f"| {status} | {_cell(answer['description'])} | {', '.join(dict.fromkeys(kinds))} |"
    yield ""
    for status, answer in answers.items():
        for media_type, media in answer.get("content", {}).items():
            if media_type != PROBLEMS and status.startswith("2"):
                yield from _examples(document, media_type, media, f"The answer's body, {status}:")


def _media(document: dict[str, Any], media_type: str, media: dict[str, Any]) -> Iterator[str]:
    yield f"`{media_type}`: {_type(media['schema'])}\n"
    yield from _examples(document, media_type, media, "")


def _examples(document: dict[str, Any], media_type: str, media: dict[str, Any], lead: str) -> Iterator[str]:
    examples = [media["example"]] if "example" in media else []
    examples += [_resolved(document, example)["value"] for example in media.get("examples", {}).values()]
    for example in examples:
        language = "json" if media_type.endswith("json") and not isinstance(example, str) else "text"
        text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False, default=str)
        yield f"{lead}\n\n```{language}\n{text.strip()}\n```\n"


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    yield "\n## Schemas\n"
    yield "The bodies' own types. [The workflow format](definition.md) says more of what a workflow may have.\n"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"### `{name}` {{: #{_anchor(name)} }}\n"
        if schema.get("description"):
            yield f"{schema['description'].strip()}\n"
        properties = schema.get("properties")
        if not properties:
            yield f"Type: {_type(schema)}.\n"
            continue
        yield "| key | type | default | |"
        yield "|---|---|---|---|"
        required = schema.get("required", ())
        for key, value in properties.items():
            always = "" if key not in required else " (required)"
            yield f"| `{key}`{always} | {_type(value)} | {_default(value)} | {_cell(value.get('description', ''))} |"
        yield ""


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return what a $ref means, or the node itself."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _type(schema: dict[str, Any]) -> str:
    """Return a schema's type as Markdown; named schemas are links to their own section."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{_anchor(name)})"
    for word, joined in (("allOf", " and "), ("oneOf", " or "), ("anyOf", " or ")):
        if word in schema:
            return joined.join(_type(part) for part in schema[word])
    if "enum" in schema:
        return " or ".join(f"`{_plain(value)}`" for value in schema["enum"])
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        kind = f"list of {_type(schema['items'])}"
    elif "format" in schema:
        kind = f"{kind} ({schema['format']})"
    bounds = [f"{sign} {schema[word]}" for word, sign in (("minimum", "≥"), ("maximum", "≤")) if word in schema]
    return kind + (f", {', '.join(bounds)}" if bounds else "") + (" or null" if schema.get("nullable") else "")


def _anchor(schema: str) -> str:
    """Return the anchor of a schema's section; an operation's is its operationId."""
    return f"schema-{schema}"


def _default(schema: dict[str, Any]) -> str:
    return f"`{_plain(schema['default'])}`" if "default" in schema else ""


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _cell(text: str) -> str:
    """Return a description as one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
