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


def test_a_failure_is_told_in_the_words_of_the_protocol_whose_path_was_asked():
    def other(told, failed):
        return http_errors.in_brief(told._replace(message=f"{failed.method} {failed.path}: {told.message}"))

    told = http_errors.tell(errors.InvalidInput("no"), "id-5")
    for path, status, said in [
        ("/v2/models", 400, "GET /v2/models: no"),
        ("/V2/models", 400, "GET /V2/models: no"),
        ("/v2", 400, "GET /v2: no"),
        ("/v20/models", 422, {"code": "invalid_input", "message": "no", "request_id": "id-5"}),
        ("/models/v2/", 422, {"code": "invalid_input", "message": "no", "request_id": "id-5"}),
    ]:
        words = http_errors.words_of(path, {"/v2/": other})
        response = words(told, http_errors.Failed("GET", path, "id-5"))
        assert (response.status, json.loads(response.body)) == (status, {"error": said})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.MalformedBody("text"), 400),
        (errors.InvalidInput("text"), 400),
        (errors.TooLarge("text"), 400),
        (errors.UnsupportedMediaType("text"), 400),
        (errors.ModelNotFound("text"), 404),
        (errors.Overloaded("text"), 503),
        (errors.ShuttingDown("text"), 503),
        (errors.DeadlineExceeded("text"), 504),
        (errors.ModelFailure("text"), 500),
    ],
)
def test_in_brief_there_are_few_statuses_and_one_text(error, status):
    response = http_errors.in_brief(http_errors.tell(error, "id-6"))
    assert (response.status, json.loads(response.body)) == (status, {"error": "text"})
    assert ("retry-after" in response.headers) is isinstance(error, errors.Overloaded)
