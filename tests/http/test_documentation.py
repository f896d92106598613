"""The documentation that a server shows, and what browsers need of it."""

import json
import re


def test_the_documentation_page_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    links = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert len(links) >= 2 and "http" not in "".join(links)
    for link in links:
        assert client.get(link).status_code == 200


def test_a_browser_is_led_to_the_documentation(client):
    response = client.get("/favicon.ico")
    assert (response.status_code, response.headers["location"]) == (307, "/static-offline-docs/favicon.png")
    assert client.get(response.headers["location"]).status_code == 200
    assert "/docs" in client.get("/nope").json()["error"]["message"]


def test_every_body_and_status_is_documented_with_examples(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/predict", "/models/{name}/predict", "/models/{name}/versions/{version}/predict"):
        operation = paths[path]["post"]
        assert set(operation["requestBody"]["content"]) == {
            "application/json",
            "application/x-npy",
            "application/octet-stream",
            "image/png",
            "image/jpeg",
            "multipart/form-data",
        }
        assert {"200", "400", "404", "413", "415", "422", "429", "503", "504"} <= set(operation["responses"])
    assert {"400", "404", "413", "415", "422", "503"} <= set(paths["/evaluate"]["post"]["responses"])
    assert {"404", "503"} <= set(paths["/model/summary"]["get"]["responses"])
    assert {"/evaluate", "/model/summary", "/models", "/health/live", "/health/ready"} <= set(paths)


def test_the_documented_examples_work_as_they_stand(client):
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    answers = []
    for kind, documented in operation["requestBody"]["content"].items():
        for example in documented.get("examples", {}).values():
            if "value" in example:
                response = client.post("/predict", json=example["value"])
            else:
                body = client.get("/" + example["externalValue"])
                assert body.headers["content-type"] == kind
                response = client.post("/predict", content=body.content, headers={"content-type": kind})
            assert response.status_code == 200, response.text
            answers.append(response.json()["predictions"][0]["class"])
    assert len(answers) == 7 and len(set(answers)) == 1
    assert client.get("/docs/examples/shoe.png").status_code == 404


def test_browsers_may_call_from_the_origins_that_are_set(make_client):
    client = make_client(cors_origins="https://a.example")
    asked = {"origin": "https://a.example", "access-control-request-method": "POST"}
    response = client.request("OPTIONS", "/predict", headers=asked)
    assert response.headers["access-control-allow-origin"] == "https://a.example"
    response = client.get("/health/live", headers={"origin": "https://b.example"})
    assert "access-control-allow-origin" not in response.headers


def test_behind_a_root_path_every_route_answers(make_client):
    client = make_client(root_path="/ml")
    assert "/ml/openapi.json" in client.get("/ml/docs").text
    assert client.get("/ml/health/ready").status_code == 200
    assert client.post("/ml/predict", json={"instances": [[0] * 784]}).status_code == 200


def test_the_calls_of_tensorflow_serving_are_documented_and_their_examples_work(client):
    documented = client.get("/openapi.json").json()["paths"]
    paths = {path: operations for path, operations in documented.items() if path.startswith("/v1/")}
    assert len(paths) == 16
    ids = [operation["operationId"] for one in paths.values() for operation in one.values()]
    assert len(set(ids)) == len(ids)
    for path, operations in paths.items():
        if "label" in path or path.endswith(":regress"):
            continue
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = json.dumps(content["application/json"]["example"]) if content else ""
            body = body.replace("input_layer", "pixels")  # the name in the model that ships
            response = client.request(method, path.format(name="fashion_mnist", version=1), content=body)
            assert response.status_code == 200, response.text
            example = operation["responses"]["200"]["content"]["application/json"]["example"]
            assert response.json().keys() == example.keys()
