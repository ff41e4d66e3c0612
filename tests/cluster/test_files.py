"""The files of cluster/ and ray-cluster.yaml are what Ray, Kubernetes, Prometheus and Grafana expect."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.serve.schema import ServeDeploySchema

from noodle_ray.observability.metrics import Metrics

ROOT = Path(__file__).resolve().parent.parent.parent
LAUNCHER_FILES = ["ray-cluster.yaml", "cluster/aws.yaml"]


def _load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


@pytest.mark.parametrize("name", LAUNCHER_FILES)
def test_launcher_file_is_valid_for_ray_up(name: str) -> None:
    validate_config(prepare_config(_load(name)))


@pytest.mark.parametrize("name", LAUNCHER_FILES)
def test_launcher_file_installs_and_starts_on_head_and_workers(name: str) -> None:
    config = _load(name)
    assert any("make setup" in command for command in config["setup_commands"])
    assert config["head_start_ray_commands"] == ["bash ~/noodle-ray/cluster/node.sh head"]
    assert config["worker_start_ray_commands"] == ["bash ~/noodle-ray/cluster/node.sh worker"]
    assert config["file_mounts"]["~/noodle-ray"] == "."
    assert (ROOT / "cluster/node.sh").is_file()


def test_launcher_file_with_a_wrong_key_is_refused() -> None:
    with pytest.raises(Exception, match="Additional properties"):
        validate_config(prepare_config({**_load("ray-cluster.yaml"), "head_commands": []}))


def test_aws_opens_only_ssh_to_the_world() -> None:
    rules = _load("cluster/aws.yaml")["provider"]["security_group"]["IpPermissions"]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == [(22, 22)]


@pytest.mark.parametrize("script", ["cluster/node.sh", ".ci/run"])
def test_script_parses(script: str) -> None:
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


@pytest.mark.parametrize("arguments", [[], ["leader"]])
def test_node_script_says_how_it_is_used_when_misused(arguments: list[str]) -> None:
    done = subprocess.run(["bash", str(ROOT / "cluster/node.sh"), *arguments], capture_output=True, text=True)
    assert (done.returncode, "head|worker" in done.stderr) == (2, True)


def test_kuberay_manifest_serves_the_platform() -> None:
    manifest = _load("cluster/kuberay.yaml")
    served = ServeDeploySchema.model_validate(yaml.safe_load(manifest["spec"]["serveConfigV2"]))
    (application,) = served.applications
    assert application.import_path == "deployments.platform:build"
    cluster = manifest["spec"]["rayClusterConfig"]
    containers = [cluster["headGroupSpec"]["template"]["spec"]["containers"][0]]
    containers += [group["template"]["spec"]["containers"][0] for group in cluster["workerGroupSpecs"]]
    assert {container["image"] for container in containers} == {"noodle-ray:0.1.0"}
    for container in containers:
        variables = {item["name"] for item in container["env"]}
        assert {"NOODLE_TOKEN", "RAY_SERVE_ENABLE_HA_PROXY"} <= variables


def test_ray_versions_agree() -> None:
    locked = re.search(r"^ray==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert locked is not None
    assert _load("cluster/kuberay.yaml")["spec"]["rayClusterConfig"]["rayVersion"] == locked[1]
    assert f"rayproject/ray:{locked[1]}-py311" in (ROOT / "cluster/Dockerfile").read_text()


def test_image_copies_files_that_exist() -> None:
    for line in (ROOT / "cluster/Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            *sources, _ = [word for word in line.split()[1:] if not word.startswith("--")]
            assert all((ROOT / source).exists() for source in sources)


def _metric_names(registry: CollectorRegistry) -> set[str]:
    names = set()
    for family in registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        names.update(family.name + suffix for suffix in suffixes)
    return names


@pytest.mark.parametrize("name", ["cluster/grafana/noodle.json", "cluster/alerts.yaml"])
def test_queries_name_metrics_that_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    used = set(re.findall(r"\bnoodle_\w+", text))
    assert used
    assert used <= _metric_names(Metrics()._registry)


def test_dashboard_panels_do_not_overlap() -> None:
    panels = json.loads((ROOT / "cluster/grafana/noodle.json").read_text())["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(panels) == len({panel["id"] for panel in panels})


def test_prometheus_scrapes_with_the_token() -> None:
    (job,) = _load("cluster/prometheus.yaml")["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert job["authorization"] == {"type": "Bearer", "credentials_file": "noodle-token"}
    assert (ROOT / "cluster" / _load("cluster/prometheus.yaml")["rule_files"][0]).is_file()
