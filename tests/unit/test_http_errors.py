"""What becomes of an error: its status, its body, and what a client is not told."""

import json
import logging

import pytest

from service import errors, http_errors


def test_an_unknown_error_tells_the_client_nothing_and_the_log_everything(caplog):
    response = http_errors.from_error(RuntimeError("/secret/path"), "id-1")
    assert (response.status, json.loads(response.body)["error"]["code"]) == (500, "internal")
    assert b"secret" not in response.body
    assert "id-1" in caplog.text and "/secret/path" in caplog.text


def test_a_model_failure_is_logged_with_its_cause(caplog):
    failure = errors.ModelFailure("the model failed on this batch")
    failure.__cause__ = ValueError("shapes do not fit")
    with caplog.at_level(logging.ERROR):
        response = http_errors.from_error(failure, "id-2")
    assert response.status == 500 and b"shapes" not in response.body
    assert "shapes do not fit" in caplog.text


def test_overloaded_says_when_to_come_again():
    response = http_errors.from_error(errors.Overloaded("full", retry_after_s=3), "id-3")
    assert (response.status, response.headers["retry-after"]) == (429, "3")


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (405, "method_not_allowed")])
def test_a_bare_status_has_the_same_body(status, code):
    response = http_errors.from_status(status, "text", "id-4", {})
    assert json.loads(response.body) == {"error": {"code": code, "message": "text", "request_id": "id-4"}}
