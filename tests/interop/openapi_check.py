"""The document at /openapi.json against OpenAPI 3.1 and JSON Schema 2020-12, by other people's code.

openapi-spec-validator judges the whole; every schema is one of JSON Schema, every pattern compiles,
every example and default is what its schema allows.
usage: openapi_check.py FOLDER      (BIN and RECSYS_DATA_MIRROR in the environment)
"""

import re
import sys

import jsonschema
import openapi_spec_validator
import serving


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def inputs(operation):
    """(name, schema, examples) of what a call takes."""
    for parameter in operation.get("parameters", []):
        examples = [parameter["example"]] if "example" in parameter else []
        yield parameter["name"], parameter["schema"], examples
    media = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if media:
        yield "body", media["schema"], [media["example"]] if "example" in media else []
        for name, schema in media["schema"]["properties"].items():
            yield name, schema, []


def patterns(schema):
    """Every pattern below a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for below in schema.values():
            yield from patterns(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from patterns(below)


def fits(value, schema):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


def main():
    workspace = sys.argv[1]
    with serving.Server(workspace) as server:  # it needs no model
        document = server.get("/openapi.json")
    errors = [e.message for e in openapi_spec_validator.OpenAPIV31SpecValidator(document).iter_errors()]
    serving.check(not errors, "the document is OpenAPI 3.1", errors[:3])

    wrong = []
    seen = 0
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        seen += 1
    for name, operation in operations(document):
        for what, schema, examples in inputs(operation):
            jsonschema.Draft202012Validator.check_schema(schema)
            seen += 1
            for pattern in patterns(schema):
                re.compile(pattern)
            values = examples + ([schema["default"]] if "default" in schema else [])
            wrong += [f"{name}: {what}: {v}" for v in values if not fits(v, schema)]
    serving.check(seen > 150, f"{seen} schemas of JSON Schema 2020-12", seen)
    serving.check(not wrong, "examples and defaults are what their schemas allow", wrong[:3])

    body = document["paths"]["/recommend"]["post"]["requestBody"]["content"]["application/json"]
    for value, good in [
        ({"user_id": 1}, True),
        ({"user_id": "a", "k": 100}, True),
        ({"items": [1, "b"], "user_id": None}, True),
        ({"user_id": 1, "items": [2]}, False),
        ({"user_id": 1, "k": 101}, False),
        ({"user_id": 1, "k": "10"}, False),
        ({"user_id": ""}, False),
        ({"user_id": "a\x00"}, False),
        ({"user_id": 1, "unknown": 1}, False),
        ({}, False),
    ]:
        answer = fits(value, body["schema"])
        serving.check(answer == good, f"/recommend: {value!r} is {'' if good else 'not '}allowed")
    return serving.failures > 0


sys.exit(main())
