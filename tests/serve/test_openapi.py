"""Requests that schemathesis makes of the service's own document, and what browsers load for it."""

import re

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import CheckContext  # noqa: F401 - checks are registered by this import
from schemathesis.config import SchemathesisConfig

EXAMPLES = 8


def test_answers_are_those_of_the_document(client):
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    assert schema is not None


def test_the_page_of_the_document_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    for path in loaded:
        assert path.startswith("/docs/")
        assert client.get(path).status_code == 200
    assert "<script>" not in page  # the content security policy would not run it
