"""Whoever generated a client from the last released specification still has one that works."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from openmetadata_airflow_apis.api import operations
from support.compatibility import breaking_changes

RELEASED = Path(__file__).parents[1] / "data" / "openapi-released.yaml"


def test_nothing_that_a_released_client_relies_on_has_changed():
    """No path, operation, parameter or property is gone or renamed; requests need no more, answers promise no less."""
    released = yaml.safe_load(RELEASED.read_text(encoding="utf-8"))
    assert breaking_changes(released, operations.document()) == []


DOCUMENT = yaml.safe_load("""
security: [{ bearer: [] }, { basic: [] }]
paths:
  /dags:
    post:
      operationId: deploy_dag
      tags: [dags]
      parameters:
        - { $ref: "#/components/parameters/Wait" }
      requestBody:
        content:
          application/json: { schema: { $ref: "#/components/schemas/Workflow" } }
      responses:
        "200": { $ref: "#/components/responses/Deployed" }
        "400": { description: Wrong. }
  /health:
    get:
      operationId: health
      tags: [monitoring]
      security: []
      responses:
        "200": { description: Well. }
components:
  parameters:
    Wait: { name: wait, in: query, schema: { type: integer, minimum: 0, maximum: 120, default: 0 } }
  responses:
    Deployed:
      content:
        application/json: { schema: { $ref: "#/components/schemas/Deployment" } }
  schemas:
    Workflow:
      type: object
      required: [name]
      properties:
        name: { type: string, maxLength: 200 }
        force: { type: boolean, x-types: [boolean, string] }
        schedule: { x-types: [string, array, "null"] }
        provider: { type: string, enum: [db, ldap] }
        tags: { type: array, items: { type: string } }
        default_args: { type: object, additionalProperties: true, x-schema: DefaultArgs }
        groups: { type: object, additionalProperties: { $ref: "#/components/schemas/Group" } }
      x-properties:
        Schedule: { type: string }
    Group:
      type: object
      properties:
        parent: { $ref: "#/components/schemas/Group" }
        tooltip: { type: string }
    DefaultArgs: { type: object, properties: { retries: { type: number } } }
    Deployment:
      type: object
      required: [state, runs]
      properties:
        state: { type: string, enum: [parsed, pending] }
        runs: { type: integer }
        deployed_at: { type: string, format: date-time }
        paused: { type: boolean, nullable: true }
""")

PATHS = "paths"
DEPLOY = f"{PATHS}:/dags:post"
SCHEMAS = "components:schemas"
WORKFLOW = f"{SCHEMAS}:Workflow:properties"
DEPLOYMENT = f"{SCHEMAS}:Deployment:properties"
GONE = object()


def changed(place: str, value: object) -> dict:
    """The document with one value put at a place, or taken away."""
    document = copy.deepcopy(DOCUMENT)
    *parents, last = place.split(":")
    node = document
    for part in parents:
        node = node[int(part) if isinstance(node, list) else part]
    if value is GONE:
        del node[int(last) if isinstance(node, list) else last]
    else:
        node[last] = value
    return document


BREAKING = [
    # operations
    (f"{PATHS}:/dags", GONE, "the path /dags is gone"),
    (DEPLOY, GONE, "post /dags is gone"),
    (f"{DEPLOY}:operationId", "deploy", "post /dags: its operationId changed from deploy_dag to deploy"),
    (f"{DEPLOY}:tags", ["x"], "post /dags: its tags changed from ['dags'] to ['x']"),
    (f"{DEPLOY}:security", [{"bearer": []}], "post /dags: it no longer takes the credentials ['basic']"),
    (f"{PATHS}:/health:get:security", GONE, "get /health: it needs credentials now"),
    # parameters
    (f"{DEPLOY}:parameters:0", GONE, "post /dags: the query parameter 'wait' is gone"),
    ("components:parameters:Wait:required", True, "post /dags: the parameter 'wait' is required now"),
    (
        f"{DEPLOY}:parameters",
        [{"$ref": "#/components/parameters/Wait"}, {"name": "team", "in": "query", "required": True, "schema": {}}],
        "post /dags: the required parameter 'team' is new",
    ),
    ("components:parameters:Wait:schema:maximum", 60, "post /dags: the parameter 'wait': maximum is 60, and was 120"),
    ("components:parameters:Wait:schema:minimum", 1, "post /dags: the parameter 'wait': minimum is 1, and was 0"),
    (
        "components:parameters:Wait:schema:default",
        9,
        "post /dags: the parameter 'wait': its default changed from 0 to 9",
    ),
    # requests
    (f"{DEPLOY}:requestBody", GONE, "post /dags: it takes no body any more"),
    (f"{DEPLOY}:requestBody:required", True, "post /dags: a body is required now"),
    (f"{DEPLOY}:requestBody:content", {}, "post /dags body: application/json is gone"),
    (f"{WORKFLOW}:force", GONE, "Workflow: the property 'force' is gone"),
    (f"{SCHEMAS}:Workflow:x-properties", {}, "Workflow: the property 'Schedule' is gone"),
    (f"{SCHEMAS}:Workflow:required", ["name", "force"], "Workflow: the property 'force' is required now"),
    (f"{SCHEMAS}:Workflow:additionalProperties", False, "Workflow: it takes no further properties any more"),
    (f"{WORKFLOW}:name:maxLength", 100, "Workflow.name: maxLength is 100, and was 200"),
    (f"{WORKFLOW}:name:minLength", 1, "Workflow.name: minLength is 1, and was not there"),
    (f"{WORKFLOW}:name:pattern", "^x", "Workflow.name: pattern changed from None to ^x"),
    (f"{WORKFLOW}:name:enum", ["a"], "Workflow.name: only some values are accepted now"),
    (f"{WORKFLOW}:force:x-types", ["boolean"], "Workflow.force: string is not accepted any more"),
    (f"{WORKFLOW}:schedule:x-types", ["string", "array"], "Workflow.schedule: null is not accepted any more"),
    (f"{WORKFLOW}:provider:enum", ["db"], "Workflow.provider: the value 'ldap' is gone"),
    (f"{WORKFLOW}:tags:items:maxLength", 9, "Workflow.tags, its items: maxLength is 9, and was not there"),
    (f"{WORKFLOW}:default_args:x-schema", "Args", "Workflow.default_args: x-schema changed from DefaultArgs to Args"),
    (f"{SCHEMAS}:Group:properties:tooltip", GONE, "Group: the property 'tooltip' is gone"),
    # answers
    (f"{DEPLOY}:responses:200", GONE, "post /dags: the answer 200 is gone"),
    (f"{DEPLOY}:responses:400", GONE, "post /dags: the answer 400 is gone"),
    (f"{DEPLOY}:responses:202", {}, "post /dags: the answer 202 is new, and old clients take it for a failure"),
    ("components:responses:Deployed:content", {}, "post /dags 200: application/json is gone"),
    (f"{DEPLOYMENT}:deployed_at", GONE, "Deployment: the property 'deployed_at' is gone"),
    (f"{SCHEMAS}:Deployment:required", ["state"], "Deployment: the property 'runs' may be missing now"),
    (f"{DEPLOYMENT}:deployed_at:format", "date", "Deployment.deployed_at: format changed from date-time to date"),
    (f"{DEPLOYMENT}:runs:nullable", True, "Deployment.runs: null is answered now"),
    (f"{DEPLOYMENT}:state:enum", ["parsed", "pending", "failed"], "Deployment.state: the value 'failed' is new"),
    (f"{DEPLOYMENT}:state:enum", GONE, "Deployment.state: any value is answered now"),
    # schemas that no operation refers to
    (f"{SCHEMAS}:DefaultArgs", GONE, "the schema DefaultArgs is gone"),
    (f"{SCHEMAS}:DefaultArgs:properties:retries", GONE, "DefaultArgs: the property 'retries' is gone"),
]


@pytest.mark.parametrize(("place", "value", "sentence"), BREAKING, ids=[sentence for _, _, sentence in BREAKING])
def test_a_change_that_breaks_clients_is_named(place, value, sentence):
    """A change that a client could trip over is found, and nothing else is."""
    assert breaking_changes(DOCUMENT, changed(place, value)) == [sentence]


def test_a_new_answer_to_a_new_parameter_breaks_nobody():
    """A success that only a parameter brings which old clients don't know is none that they would see."""
    dry_run = {"name": "dry_run", "in": "query", "schema": {"type": "boolean"}}
    wait = {"$ref": "#/components/parameters/Wait"}
    fine = changed(f"{DEPLOY}:responses:202", {"x-only-with": "dry_run"})
    sentence = "post /dags: the answer 202 is new, and old clients take it for a failure"
    assert breaking_changes(DOCUMENT, fine) == [sentence]
    fine["paths"]["/dags"]["post"]["parameters"] = [wait, dry_run]
    assert breaking_changes(DOCUMENT, fine) == []
    known = changed(f"{DEPLOY}:responses:202", {"x-only-with": "wait"})
    assert breaking_changes(DOCUMENT, known) == [sentence]


def test_a_change_of_type_is_named_with_what_follows():
    """A type that becomes another is named, in both directions."""
    assert breaking_changes(DOCUMENT, changed(f"{WORKFLOW}:name", {"type": "number", "maxLength": 200})) == [
        "Workflow.name: its type changed from string to number",
        "Workflow.name: string is not accepted any more",
    ]
    assert breaking_changes(DOCUMENT, changed(f"{DEPLOYMENT}:runs:type", "number")) == [
        "Deployment.runs: its type changed from integer to number",
        "Deployment.runs: number is answered now",
    ]


def test_a_renamed_schema_is_named():
    """Models are named after schemas: a schema of another name is another class in a generated client."""
    document = changed(f"{SCHEMAS}:Task", DOCUMENT["components"]["schemas"]["Group"])
    document["components"]["schemas"]["Workflow"]["properties"]["groups"]["additionalProperties"] = {
        "$ref": "#/components/schemas/Task"
    }
    assert breaking_changes(DOCUMENT, document) == ["Workflow.groups, its values: the schema Group has become Task"]


HARMLESS = [
    (f"{PATHS}:/new", {"get": {"operationId": "new", "tags": ["dags"], "responses": {}}}),
    (f"{PATHS}:/dags:get", {"operationId": "list_dags", "tags": ["dags"], "responses": {}}),
    (f"{DEPLOY}:summary", "Another summary"),
    (f"{DEPLOY}:security", []),
    (f"{DEPLOY}:responses:409", {"description": "Taken."}),
    ("components:parameters:Wait:schema:maximum", 600),
    (f"{WORKFLOW}:pause", {"type": "boolean"}),
    (f"{SCHEMAS}:Workflow:required", []),
    (f"{WORKFLOW}:name:maxLength", 250),
    (f"{WORKFLOW}:name:nullable", True),
    (f"{WORKFLOW}:provider:enum", ["db", "ldap", "oauth"]),
    (f"{WORKFLOW}:schedule:x-types", ["string", "array", "object", "null"]),
    (f"{DEPLOYMENT}:revision", {"type": "string"}),
    (f"{DEPLOYMENT}:paused:nullable", False),
    (f"{DEPLOYMENT}:state:enum", ["parsed"]),
    (f"{DEPLOYMENT}:state:description", "Whether Airflow knows it."),
    (f"{SCHEMAS}:Deployment:required", ["state", "runs", "paused"]),
    (f"{SCHEMAS}:New", {"type": "object"}),
]


@pytest.mark.parametrize(("place", "value"), HARMLESS, ids=[place for place, _ in HARMLESS])
def test_a_change_that_no_client_notices_is_none(place, value):
    """What is added, loosened for requests or tightened for answers breaks nobody."""
    assert breaking_changes(DOCUMENT, changed(place, value)) == []
