"""What is deployed and told in which order when models change, without Ray: Serve is made up, plans are not."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import ActorDiedError

from deployments import catalog
from deployments import platform as deployed
from deployments.config import PlatformArgs, load_config
from deployments.model import deployment_name
from deployments.placement import Nodes
from noodle_ray.ahr.served import Served
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.cluster import rollout
from noodle_ray.cluster.rollout import Rollout

NONE = Nodes()


def _spec(name: str, version: str, **options: Any) -> ModelSpec:
    return ModelSpec(name, f"onnx:/{name}{version}.onnx", "tensors", "onnxruntime", version, options)


def _name(spec: ModelSpec) -> str:
    return deployment_name(spec.name, [spec], Nodes())


class _Bound:
    """An application, and what is in it."""

    def __init__(self, planned: deployed.Layout, retired: dict[str, Any]) -> None:
        self.names = sorted({**planned.homes, **retired})
        self._bound_deployment = self
        self.version = str(planned.args.settings)


class Serve:
    """Serve, as far as a rollout sees it: executors by their state, and what was deployed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deployed: list[list[str]] = []
        self.executors: dict[str, str] = {}
        self.fails = False
        self.settled = True
        self.told: list[set[str]] = []
        self.number = 0
        self.deaf: set[str] = set()
        self.lost = False
        self.seen: dict[str, tuple[int, int]] = {}
        monkeypatch.setattr("ray.serve._run", self._run)
        monkeypatch.setattr(catalog, "make", lambda: self._catalog())
        monkeypatch.setattr(rollout, "_get", lambda value: value)
        monkeypatch.setattr(rollout, "_executors", lambda: dict(self.executors))
        monkeypatch.setattr(rollout, "_settled", self._settled)
        monkeypatch.setattr(rollout, "_failure", self._failure)
        monkeypatch.setattr(rollout, "PATIENCE", 0)
        monkeypatch.setattr(deployed, "application", _Bound)
        monkeypatch.setattr(deployed, "layout", lambda args: self.plan)
        self._version = ""

    def models(self, *specs: ModelSpec, args: PlatformArgs | None = None, cluster: Nodes = NONE) -> None:
        """What is registered from now on."""
        homes = {_name(spec): {spec.name: [spec]} for spec in specs}
        self.plan = deployed.Layout(args or load_config().args, Served({}, {}), cluster, homes, {})

    def _run(self, bound: _Bound, **options: Any) -> None:
        self.deployed.append(bound.names)
        if bound.version != self._version and not self.fails:
            self.executors = dict.fromkeys(self.executors, "STOPPING") | {f"e{len(self.deployed)}": "RUNNING"}
            self._version = bound.version

    def _catalog(self) -> Any:
        return SimpleNamespace(
            publish=SimpleNamespace(remote=self._publish),
            seen=SimpleNamespace(remote=self._tell_seen),
        )

    def _tell_seen(self) -> Any:
        if self.lost:
            raise ActorDiedError
        return self.number, {name: catalog.Seen(*seen) for name, seen in self.seen.items()}

    def _publish(self, view: catalog.View) -> None:
        """All executors take it at once; what they have begun goes on."""
        self.told.append(set(view.homes.values()))
        self.number = view.number
        for name in self.executors.keys() - self.deaf:
            self.seen[name] = (view.number, self.seen.get(name, (view.number, view.number))[1])

    def _settled(self, name: str, wanted: set[str]) -> bool:
        assert wanted == set(self.deployed[-1])
        return self.settled and not self.fails

    def _failure(self, name: str) -> str:
        return "it failed" if self.fails else ""

    def end(self) -> None:
        """What was begun has ended, and executors that are replaced with it."""
        self.executors = {name: state for name, state in self.executors.items() if state == "RUNNING"}
        self.seen = dict.fromkeys(self.executors, (self.number, self.number))


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Serve, with nothing deployed."""
    return Serve(monkeypatch)


def test_model_that_goes_stays_until_no_executor_can_call_it(serve: Serve) -> None:
    made, a, b = Rollout(), _spec("a", "1"), _spec("b", "1")
    serve.models(a, b)
    made.deploy(load_config(), lambda: False)
    assert not made.has_leftovers()
    serve.models(a)
    made.deploy(load_config(), lambda: False)
    both, gone = serve.deployed[0], _name(b)
    assert serve.deployed[1] == both
    assert serve.told == [set(both), {_name(a)}]
    assert serve.executors == {"e1": "RUNNING"}  # it was not replaced
    assert not made.has_leftovers()  # and still ends something
    serve.end()
    assert made.has_leftovers()
    made.deploy(load_config(), lambda: False)
    assert serve.deployed[2] == [name for name in both if name != gone]
    assert not made.has_leftovers()


def test_executors_are_replaced_when_their_settings_change(serve: Serve) -> None:
    made, a, b = Rollout(), _spec("a", "1"), _spec("b", "1")
    serve.models(a, b)
    made.deploy(load_config(), lambda: False)
    config = load_config()
    config.args.settings["max_cached_programs"] = 7
    serve.models(a, args=config.args)
    made.deploy(config, lambda: False)
    assert serve.executors == {"e1": "STOPPING", "e2": "RUNNING"}
    serve.seen["e2"] = (serve.number, serve.number)
    assert not made.has_leftovers()  # the old one still ends something
    serve.end()
    assert made.has_leftovers()


def test_deploy_that_was_left_is_not_waited_for_by_the_next(serve: Serve) -> None:
    made, a, b = Rollout(), _spec("a", "1"), _spec("b", "1")
    serve.models(a)
    made.deploy(load_config(), lambda: False)
    config = load_config()
    config.args.settings["max_cached_programs"] = 7
    serve.models(b, args=config.args)
    serve.fails = True
    with pytest.raises(RuntimeError):
        made.deploy(config, lambda: False)
    serve.fails = False
    made.deploy(config, lambda: False)  # it replaces the executor that the failed one did not
    serve.models(a, b, args=config.args)
    serve.settled = False
    made.deploy(config, lambda: True)  # the registry changed again
    serve.settled = True
    made.deploy(config, lambda: False)
    assert serve.told[-1] == {_name(a), _name(b)}
    assert serve.executors["e1"] == "STOPPING"


def test_executor_that_nothing_replaces_is_not_waited_for_without_end(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "CALM", 0.2)
    made, a = Rollout(), _spec("a", "1")
    serve.models(a)
    made.deploy(load_config(), lambda: False)
    made._version = "of a deploy that came to nothing"
    made.deploy(load_config(), lambda: False)
    assert len(serve.told) == 2


def test_models_are_told_again_to_an_actor_that_was_lost(serve: Serve) -> None:
    made, a, b = Rollout(), _spec("a", "1"), _spec("b", "1")
    made.remind()  # nothing was told yet
    serve.models(a, b)
    made.deploy(load_config(), lambda: False)
    serve.models(a)
    serve.lost = True
    asked: list[bool] = []

    def twice() -> bool:
        asked.append(True)
        serve.lost = len(asked) < 3
        return False

    made.deploy(load_config(), twice)
    assert serve.told[-1] == {_name(a)}
    serve.lost = True
    made.remind()
    assert not made.has_leftovers()
    serve.lost, serve.number = False, -1
    told = len(serve.told)
    made.remind()
    made.remind()
    assert len(serve.told) == told + 1


def test_executor_that_says_nothing_is_waited_for(serve: Serve) -> None:
    made, a, b = Rollout(), _spec("a", "1"), _spec("b", "1")
    serve.models(a)
    made.deploy(load_config(), lambda: False)
    serve.executors["deaf"] = "RUNNING"
    serve.deaf.add("deaf")
    asked: list[int] = []

    def change() -> bool:
        asked.append(len(serve.told))
        return len(asked) == 3

    serve.models(b)
    made.deploy(load_config(), change)
    assert asked == [2, 2, 2]
    assert not made.has_leftovers()


def test_cluster_has_changed_when_it_stays_so(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Nodes(({"CPU": 2.0},), ({},)), Nodes(({"CPU": 2.0}, {"CPU": 4.0}), ({}, {}))
    seen = [one]
    monkeypatch.setattr("deployments.placement.nodes", lambda: seen[0])
    made, a = Rollout(), _spec("a", "1")
    serve.models(a, cluster=one)
    made.deploy(load_config(), lambda: False)
    assert [made.cluster_changed() for _ in range(3)] == [False] * 3
    seen[0] = two
    assert [made.cluster_changed() for _ in range(2)] == [False, True]  # another one may be about to come
    serve.models(a, cluster=two)
    made.deploy(load_config(), lambda: False)
    assert [made.cluster_changed() for _ in range(2)] == [False] * 2
    seen[0] = one
    assert not made.cluster_changed()
    seen[0] = two
    assert [made.cluster_changed() for _ in range(2)] == [False] * 2
    monkeypatch.setattr("deployments.placement.nodes", lambda: 1 / 0)
    assert not made.cluster_changed()


def test_new_version_is_beside_the_old_one(serve: Serve) -> None:
    made, one, two = Rollout(), _spec("a", "1"), _spec("a", "2")
    for spec in (one, two):
        serve.models(spec)
        made.deploy(load_config(), lambda: False)
    assert serve.deployed[1] == sorted([_name(spec) for spec in (one, two)])


def test_change_that_comes_with_leftovers_keeps_what_executors_still_call(serve: Serve) -> None:
    made, a, b, c = Rollout(), _spec("a", "1"), _spec("b", "1"), _spec("c", "1")
    for specs in ((a, b, c), (a, b)):
        serve.models(*specs)
        made.deploy(load_config(), lambda: False)
    serve.end()
    serve.models(a)
    made.deploy(load_config(), lambda: False)
    assert serve.deployed[-1] == sorted(_name(spec) for spec in (a, b))


def test_deploy_that_fails_removes_nothing(serve: Serve) -> None:
    made, a, b = Rollout(), _spec("a", "1"), _spec("b", "1")
    serve.models(a, b)
    made.deploy(load_config(), lambda: False)
    serve.fails = True
    serve.models(a)
    with pytest.raises(RuntimeError):
        made.deploy(load_config(), lambda: False)
    assert not made.has_leftovers()
    serve.fails = False
    made.deploy(load_config(), lambda: False)
    assert serve.deployed[-1] == serve.deployed[0]


def test_version_of_a_model_that_reserves_something_replaces_the_old_one_in_its_place() -> None:
    gpu = Nodes(({"GPU": 1.0},), ({},))
    one, two = _spec("a", "1", gpus=1), _spec("a", "2", gpus=1)
    assert deployment_name("a", [one], gpu) == deployment_name("a", [two], gpu)
    assert _name(one) != _name(two)
    assert deployment_name("a/b", [one], gpu) != deployment_name("a-b", [one], gpu)
