"""Documents, alerts and dashboards speak of the metrics that there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.prometheus.table import METRICS, Metric

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
    "info": ("_info",),
}
NAME = re.compile(r"\bmodiste_[a-z0-9_]+\b")


def shown(metric: Metric) -> str:
    """The name as it is looked for: what a person types, without the parts of a histogram."""
    return metric.name + {"counter": "_total", "info": "_info"}.get(metric.kind, "")


def samples() -> dict[str, Metric]:
    return {one.name + suffix: one for one in METRICS for suffix in SUFFIXES[one.kind]}


def expressions(document: object) -> list[str]:
    """Every query of a dashboard."""
    if isinstance(document, list):
        return [found for one in document for found in expressions(one)]
    if not isinstance(document, dict):
        return []
    own = [
        value for key, value in document.items() if key in ("expr", "definition") and isinstance(value, str)
    ]
    return own + [found for value in document.values() for found in expressions(value)]


def dashboard() -> dict:
    return json.loads((DEPLOY / "grafana" / "dashboards" / "modiste.json").read_text())


def test_every_metric_is_documented_and_no_other():
    text = (ROOT / "docs" / "observability.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", text, re.M)
    listed = {
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), means) for name, kind, labels, means in rows
    }
    assert listed == {(shown(one), one.kind, one.labels, one.help) for one in METRICS}


def test_metrics_are_named_as_prometheus_wants_it():
    assert len({one.name for one in METRICS}) == len(METRICS)
    for one in METRICS:
        assert re.fullmatch(r"modiste_[a-z_]+", one.name) and not one.name.endswith(("_total", "_info")), one
        assert one.help and not one.help.endswith(".")


def test_every_metric_of_the_dashboard_exists_with_the_labels_that_it_asks_for():
    queries = expressions(dashboard())
    assert len(queries) > 25
    known = samples()
    for query in queries:
        names = set(NAME.findall(query))
        assert names and names <= known.keys(), query
        labels = {label for name in names for label in known[name].labels} | {"instance", "le"}
        asked = set(re.findall(r"(\w+)=~?\"", query)) | {
            one.strip() for by in re.findall(r"by \(([^)]*)\)", query) for one in by.split(",")
        }
        assert asked <= labels, query


def test_the_dashboard_shows_most_of_what_there_is():
    seen = {samples()[name] for query in expressions(dashboard()) for name in NAME.findall(query)}
    unseen = {one.name for one in METRICS if one not in seen}
    assert unseen == {
        "modiste_version",
        "modiste_batch_rows_failed",
        "modiste_last_batch_timestamp_seconds",
        "modiste_worker_start_time_seconds",
    }


def test_panels_have_places_of_their_own():
    taken: set[tuple[int, int]] = set()
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24
        taken |= cells


def test_every_metric_of_the_alerts_exists_and_every_alert_has_a_test():
    rules = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    tests = (DEPLOY / "prometheus" / "alerts_test.yml").read_text()
    for text in (rules, tests):
        assert set(NAME.findall(text)) <= samples().keys()
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert len(alerts) > 5
    for alert in alerts:
        # Once where it fires, and once where it does not.
        assert len(re.findall(rf"alertname: {alert}\b", tests)) == 2, alert


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Debian's package prometheus")
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
        ("check", "config", "prometheus.yml"),
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(arguments):
    found = subprocess.run(
        ["promtool", *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_what_the_compose_file_mounts_is_there_and_is_provisioned():
    compose = (ROOT / "docker-compose.yml").read_text()
    mounts = dict(re.findall(r"- \./(deploy/\S+?):(/\S+?):ro", compose))
    assert len(mounts) == 3 and all((ROOT / path).is_dir() for path in mounts)
    shown = (DEPLOY / "grafana" / "provisioning" / "dashboards" / "modiste.yml").read_text()
    assert f"path: {mounts['deploy/grafana/dashboards']}\n" in shown
    source = (DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    asked = set(re.findall(r'"uid": "(\w+)"', json.dumps(dashboard()))) - {"modiste"}
    assert asked == set(re.findall(r"uid: (\w+)", source))
