"""Versions of models as they serve: what a reference means, and what happens to a version that is broken."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from noodle_ray.ahr.files import content_digest
from noodle_ray.ahr.local import LocalModels
from noodle_ray.ahr.registration import make_spec, prepare, version_of
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.replica import ModelReplica
from noodle_ray.ahr.served import route, served
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


def times(path: Path, factor: float) -> Path:
    """A graph that multiplies: ``y = x * factor`` (float, [n])."""
    port = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    constant = helper.make_tensor("k", TensorProto.FLOAT, [], [factor])
    graph = helper.make_graph([helper.make_node("Mul", ["x", "k"], ["y"])], "times", port[:1], port[1:], [constant])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))
    return path


@pytest.fixture
def registry(noodle_home: Path) -> Registry:
    return Registry()


@pytest.fixture
def two(registry: Registry, tmp_path: Path) -> list[Path]:
    """Files of two versions of ``times``: version 2 doubles and is the default, version 3 trebles."""
    files = [times(tmp_path / f"{factor}.onnx", factor) for factor in (2, 3)]
    for factor, file in zip("23", files, strict=True):
        registry.add(make_spec("times", f"onnx:{file}", version=factor))
    return files


def _first(models: LocalModels, reference: str) -> float:
    return float(models.call(reference, [1.0])["y"][0])


def test_reference_means_the_default_an_alias_a_version_or_a_digest(registry: Registry, two: list[Path]) -> None:
    registry.alias("times", "next", "3")
    digest = content_digest(two[1])
    with LocalModels(registry) as models:
        found = [_first(models, f"times{end}") for end in ("", "@next", "@2", "@3", f"@{digest[:8]}", f"@{digest}")]
        assert found == [2, 3, 2, 3, 3, 3]
        with pytest.raises(ModelError, match="no version and no alias '4'") as caught:
            models.call("times@4", [1.0])
    assert caught.value.code == "NOODLE-E0601"


def test_models_that_run_follow_an_alias_that_moves(registry: Registry, two: list[Path]) -> None:
    with LocalModels(registry) as models:
        assert _first(models, "times") == 2
        registry.alias("times", "default", "3")
        assert (_first(models, "times"), _first(models, "times@2")) == (3, 2)


def _spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def test_version_that_was_corrupted_is_marked_and_the_old_one_answers(registry: Registry, two: list[Path]) -> None:
    with LocalModels(registry) as models:
        assert _first(models, "times") == 2
        registry.alias("times", "default", "3")
        _spoil(two[1])
        assert _first(models, "times") == 2
        failure = registry.failures()["times", "3"]
        assert failure.code == "NOODLE-E0612"
        assert "not those that were registered" in failure.message
        with pytest.raises(ModelError) as caught:  # who names the version gets that one or none
            models.call("times@3", [1.0])
        assert caught.value.code == "NOODLE-E0612"
        assert _first(models, "times") == 2
    with LocalModels(registry) as others:
        assert _first(others, "times") == 2
    assert registry.get("times").label == "2"


def test_model_without_a_version_that_loads_says_why(registry: Registry, two: list[Path]) -> None:
    for file in two:
        _spoil(file)
    with LocalModels(registry) as models, pytest.raises(ModelError, match="digest") as caught:
        models.call("times", [1.0])
    assert caught.value.code == "NOODLE-E0612"


def test_replica_serves_the_old_version_when_the_new_one_is_broken(registry: Registry, two: list[Path]) -> None:
    _spoil(two[1])
    registry.alias("times", "default", "3")
    replica = ModelReplica([spec.to_dict() for spec in registry.candidates("times")])
    assert replica.spec.label == "2"
    assert ("times", "3") in registry.failures()
    replica.close()


def test_file_that_is_missing_does_not_mark_a_version(registry: Registry, two: list[Path]) -> None:
    two[0].rename(two[0].with_suffix(".away"))
    with LocalModels(registry) as models:
        with pytest.raises(ModelError) as caught:
            models.call("times", [1.0])
        assert caught.value.code == "NOODLE-E0602"
        assert registry.failures() == {}
        two[0].with_suffix(".away").rename(two[0])
        assert _first(models, "times") == 2


def test_platform_serves_what_aliases_point_to(registry: Registry, two: list[Path]) -> None:
    found = served(registry.entries())
    assert [spec.label for spec in found.models["times"]] == ["2"]
    assert route(found.routes, "times@2") == ("times", "2")
    assert route(found.routes, f"times@{content_digest(two[0])[:8]}") == ("times", "2")
    with pytest.raises(ModelError, match="not served as '3'") as caught:
        route(found.routes, "times@3")
    assert "noodle models alias times" in caught.value.hint
    registry.alias("times", "next", "3")
    registry.alias("times", "same", "2")
    found = served(registry.entries())
    assert route(found.routes, "times@next") == ("times@next", "")
    assert route(found.routes, "times@3") == ("times@next", "3")
    assert route(found.routes, "times@same") == route(found.routes, "times") == ("times", "")
    assert sorted(found.models) == ["minilm", "smollm2", "times", "times@next"]
    assert [one["name"] for one in found.listed() if one["name"].startswith("times")] == [
        "times", "times@next", "times@same",
    ]  # fmt: skip
    with pytest.raises(ModelError, match="did you mean 'times'"):
        route(found.routes, "tims")


def test_version_knows_size_licence_signature_and_provenance(registry: Registry, two: list[Path]) -> None:
    spec = registry.get("times")
    version = version_of(spec, prepare(spec))
    assert version.size == two[0].stat().st_size
    assert version.signature == {
        "inputs": [{"name": "x", "dtype": "float32", "shape": ["n"]}],
        "outputs": [{"name": "y", "dtype": "float32", "shape": ["n"]}],
    }
    assert version.provenance["resolved"] == str(two[0])
    assert version.provenance["at"].endswith("+00:00")


@pytest.mark.models
@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_builtin_model_is_what_the_registry_says(name: str) -> None:
    known = Registry().version(name)
    made = make_spec(name, known.spec.source, options=known.spec.options)
    assert made == known.spec
    found = version_of(made, prepare(made))
    assert (found.size, found.signature) == (known.size, known.signature)


def test_model_over_its_memory_budget_is_refused(tmp_path: Path) -> None:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [4 << 20], bytes(16 << 20), raw=True)
    port = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4 << 20]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "large", port[:1], port[1:], [weights])
    file = tmp_path / "large.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(file))
    # In a process of its own, as a replica is: one that freed memory before has room that counts as no growth.
    load = (
        "import sys; from noodle_ray.ahr.engines.load import load_engine; from noodle_ray.ahr.spec import ModelSpec;"
        "spec = ModelSpec('large', 'onnx:' + sys.argv[1], 'tensors', options={'memory': int(sys.argv[2])});"
        "load_engine(spec).close()"
    )
    ends = [
        subprocess.run([sys.executable, "-c", load, file, str(mib)], capture_output=True, check=False)
        for mib in (2, 2000)
    ]
    assert b"its budget is 2" in ends[0].stderr, ends[0].stderr
    assert [end.returncode for end in ends] == [1, 0], ends[1].stderr


@pytest.mark.models
def test_folder_with_a_link_that_leads_out_is_refused(tmp_path: Path, minilm_folder: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).symlink_to(minilm_folder / name)
    shutil.copy(minilm_folder / "tokenizer.json", folder)
    with pytest.raises(ModelError, match="a link that leads out") as caught:
        make_spec("m", f"path:{folder}")
    assert caught.value.code == "NOODLE-E0604"


def test_options_that_limit_a_model_are_checked() -> None:
    bad: list[dict[str, Any]] = [{"memory": 0}, {"memory": 1.5}, {"allow_pickle": 1}, {"dtype": "int4"}]
    for options in bad:
        with pytest.raises(ModelError):
            ModelSpec("m", "path:/x", options=options)
