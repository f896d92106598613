"""Metrics of real processes: two workers as one, and Prometheus itself, which asks what the dashboard asks."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.models import write_version

DEPLOY = Path(__file__).parents[2] / "deploy"
RAW = {"content-type": "application/octet-stream"}


def serve_two(serve, tmp_path: Path, **environment: str):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    server = serve(tmp_path / "artifacts", "--workers", "2", **environment).wait_ready(60)
    server.until(lambda: len(list((tmp_path / "state" / "run").glob("*/worker-*.json"))) == 2, 60)
    return server


def fresh(server) -> httpx.Client:
    """A client of its own, which whichever worker may accept."""
    return httpx.Client(base_url=server.http.base_url, timeout=30, trust_env=False)


def ask(server, times: int) -> None:
    for _ in range(times):
        with fresh(server) as http:
            assert http.post("/predict", content=bytes(2 * 784), headers=RAW).status_code == 200
            assert http.post("/models/none/predict", content=b"{}").status_code == 404


def scrape(server) -> dict[str, dict[tuple[str, ...], float]]:
    """Samples by name and by the values of their labels, in the order of the labels' names."""
    with fresh(server) as http:
        text = http.get("/metrics").raise_for_status().text
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[values] = sample.value
    return found


def counted(server) -> tuple[float, float]:
    """Answers and refusals."""
    found = scrape(server)
    answered = found.get("modiste_request_duration_seconds_count", {})
    refused = found.get("modiste_requests_refused_total", {})
    return sum(answered.values()), refused.get(("modiste", "model_not_found"), 0)


def test_one_endpoint_tells_of_all_workers_and_no_count_falls_when_one_dies(serve, tmp_path):
    server = serve_two(serve, tmp_path)
    ask(server, 40)
    server.until(lambda: counted(server) == (40, 40), 30)
    found = scrape(server)
    assert set(found["modiste_worker_cpu_seconds_total"]) == {("0",), ("1",)}
    assert found["modiste_workers"] == {(): 2}
    assert found["modiste_version_state"]["fashion_mnist", "ready", "1"] == 2
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    server.until(lambda: len(server.workers()) == 2 and victim not in server.workers(), 60)
    server.http.close()
    server.http = fresh(server)
    server.until(lambda: scrape(server)["modiste_workers"] == {(): 2}, 60)
    for _ in range(10):
        assert counted(server) == (40, 40)
    ask(server, 10)
    server.until(lambda: counted(server) == (50, 50), 30)


def test_a_log_as_json_has_nothing_else_in_it(serve, tmp_path):
    server = serve_two(
        serve, tmp_path, MODISTE_LOG_FORMAT="json", MODISTE_ACCESS_LOG="true", MODISTE_ACESS_LOG="x"
    )
    ask(server, 20)
    assert server.terminate() == 0
    server.kill()  # reads the log to its end
    lines = [json.loads(line) for line in server.log]
    messages = [line["message"] for line in lines]
    assert any("MODISTE_ACESS_LOG is no setting; did you mean MODISTE_ACCESS_LOG?" in one for one in messages)
    asked = [line for line in lines if line.get("path") == "/predict"]
    assert len(asked) == 20 and {line["worker"] for line in asked} <= {0, 1}
    assert all(line["model"] == "fashion_mnist" and line["ms"] > 0 for line in asked)
    assert len({line["request_id"] for line in asked}) == 20
    assert str(tmp_path) not in "".join(server.log)


class Prometheus:
    """A Prometheus that scrapes a server, with the alerts that ship."""

    def __init__(self, folder: Path, target: str) -> None:
        folder.mkdir()
        shipped = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        assert "api:8000" in shipped
        config = shipped.replace("api:8000", target).replace("interval: 15s", "interval: 200ms")
        (folder / "prometheus.yml").write_text(config)
        shutil.copy(DEPLOY / "prometheus" / "alerts.yml", folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}"]
        command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
        self._log = (folder / "log").open("w")
        self.process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)

    def query(self, expression: str) -> list[dict]:
        response = self.http.get("/api/v1/query", params={"query": expression})
        if response.status_code == 503:  # it starts
            return []
        answer = response.json()
        assert answer["status"] == "success", (expression, answer)
        found: list[dict] = answer["data"]["result"]
        return found

    def until(self, expression: str, true) -> None:
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, expression
            try:
                if true(self.query(expression)):
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(30)
        self._log.close()


def values(found: list[dict]) -> list[str]:
    return [one["value"][1] for one in found]


def dashboard_queries() -> list[str]:
    """What the dashboard asks, with its variables filled in as Grafana does."""
    text = (DEPLOY / "grafana" / "dashboards" / "modiste.json").read_text()
    board = json.loads(text)
    queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    queries += [one["expr"] for one in board["annotations"]["list"]]
    return [
        query.replace("$instance", ".*").replace("$model", ".*").replace("$__rate_interval", "1m")
        for query in queries
    ]


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Debian's package prometheus")
def test_prometheus_scrapes_a_server_and_the_dashboard_finds_what_it_asks_for(serve, tmp_path):
    server = serve_two(serve, tmp_path)
    address = re.sub("^http://", "", str(server.http.base_url)).rstrip("/")
    prometheus = Prometheus(tmp_path / "prometheus", address)
    try:
        prometheus.until('up{job="modiste"}', lambda found: values(found) == ["1"])
        answered = 'sum(modiste_request_duration_seconds_count{outcome="ok"})'
        refused = 'modiste_requests_refused_total{reason="model_not_found"}'
        # Twice, for rates need two samples. A scrape may come between an answer and the refusal after it.
        for asked, total in ((20, "20"), (1, "21")):
            ask(server, asked)
            for question in (answered, refused):
                prometheus.until(question, lambda found, total=total: values(found) == [total])
        prometheus.until("modiste_requests_refused_total", lambda found: len(found) == 1)
        nothing_yet = {
            "modiste_label_version",
            "modiste_version_parity_error",
            "changes(modiste_newest_version",
        }
        queries = dashboard_queries()
        assert len(queries) > 30
        for query in queries:
            if any(name in query for name in nothing_yet):
                prometheus.query(query)  # it is well formed
            else:
                # A scrape that came too late, which is soon at so short an interval, leaves nothing until the next.
                prometheus.until(query, bool)
        rules = prometheus.http.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]
        assert len(rules) > 5 and {rule["health"] for rule in rules} <= {"ok", "unknown"}
        assert prometheus.query('ALERTS{alertstate="firing"}') == []
    finally:
        prometheus.stop()
