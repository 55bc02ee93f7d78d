"""Requests that schemathesis makes from the service's own document, and the page that shows it."""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

EXAMPLES = 6
"""Requests for each path, method and kind."""

NOT_IN_A_DOCUMENT = [positive_data_acceptance, negative_data_rejection]
"""Which bytes are a photo no document can say, and a bad photo of a job costs no other."""


@pytest.mark.parametrize("mode", GenerationMode)
def test_answers_are_those_of_the_document(client, mode):
    """Right and wrong types, missing fields, random bytes: no 5xx, nothing that is not in the document."""
    document = schemathesis.openapi.from_asgi("/openapi.json", client.app, headers={"Host": "localhost"})
    methods = 0
    for operation in document.get_all_operations():

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.ok().as_strategy(generation_mode=mode))
        def check(case):
            case.call_and_validate(headers={"Host": "localhost"}, excluded_checks=NOT_IN_A_DOCUMENT)

        try:
            check()
            methods += 1
        except Unsatisfiable:  # nothing can be wrong with a request that has neither path nor body
            assert mode == GenerationMode.NEGATIVE
    assert methods >= 6


def test_the_page_of_the_document_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    for path in loaded:
        assert path.startswith("/docs/")
        assert client.get(path).status_code == 200
    assert "<script>" not in page  # the content security policy would not run it


def test_the_document_names_all_paths_and_refusals(client):
    document = client.get("/openapi.json").json()
    assert document["paths"].keys() == {
        *("/photos", "/photos/{id}", "/photos/{id}/{picture}", "/jobs", "/jobs/{id}"),
        *("/health", "/metrics", "/predict", "/setup"),
    }
    assert {"408", "413", "422", "503"} <= document["paths"]["/photos"]["post"]["responses"].keys()
