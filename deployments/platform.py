"""The platform as one Serve application: executors in front, a compiler and one deployment per model behind them."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from ray.serve import Application

from deployments.catalog import View
from deployments.compiler import compiler_deployment
from deployments.config import PlatformArgs
from deployments.executor import executor_deployment
from deployments.model import deployment_name, model_deployment, shared_deployment, shared_name
from deployments.placement import Nodes, nodes
from deployments.remote import plan_of
from noodle_ray import paths
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.served import Served, served
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.budget_file import load_budgets
from noodle_ray.core.runs.tools.spec import load_tools
from noodle_ray.core.store.location import locate
from noodle_ray.security.tenants import tenants_by_digest, tokens_file
from noodle_ray.security.tokens import ensure_token

_STARTED = int(time.time())

Home = dict[str, list[ModelSpec]]
"""The models in a deployment, with the version meant of each and those to fall back on. All but one may share it."""


class Layout(NamedTuple):
    """What is to be deployed: ``homes`` by the deployments' names."""

    args: PlatformArgs
    found: Served
    cluster: Nodes
    homes: dict[str, Home]
    tokens: dict[str, str]
    """Whose tokens are, by their SHA-256."""

    def view(self, number: int = 0) -> View:
        """What executors are to know of it."""
        return View(
            number,
            {key: name for name, home in self.homes.items() for key in home},
            self.found.routes,
            self.found.listed(),
            {key: tuple(plan_of(specs[0], self.args.model, self.cluster)) for key, specs in self.found.models.items()},
            self.tokens,
        )


def layout(args: PlatformArgs) -> Layout:
    """The layout for the models that are registered now. Runs on the head node, where the registry is."""
    registry = Registry()
    found, cluster, failures = served(registry.entries()), nodes(), registry.failures()
    homes: dict[str, Home] = {}
    for key, specs in found.models.items():
        if "share" not in specs[0].options:
            # What is known not to load is not what will answer.
            good = [spec for spec in specs if (spec.name, spec.label) not in failures] or specs
            homes[deployment_name(key, good, cluster)] = {key: specs}
    for share, group in _groups(found.models).items():
        homes[shared_name(share, group)] = group
    return Layout(args, found, cluster, homes, tenants_by_digest(tokens_file(args.resolved_settings().tokens)))


def application(planned: Layout, retired: Mapping[str, Home] | None = None) -> Application:
    """Bind the application. ``retired`` are homes of models that executors may still call."""
    args, cluster = planned.args, planned.cluster
    homes = {**(retired or {}), **planned.homes}
    settings = args.resolved_settings()
    return executor_deployment(
        compiler=compiler_deployment(args.compiler),
        models=[_bound(name, home, args, cluster) for name, home in homes.items()],
        view=planned.view(),
        settings=settings.model_dump(),
        token=ensure_token(),
        created=_STARTED,
        store=locate(settings.database, settings.objects, paths.home()),
        tools=load_tools(settings.tools),
        budgets=load_budgets(settings.budgets),
        scale=args.executor,
    )


def build(args: PlatformArgs) -> Application:
    """Bind the application for the models that are registered now."""
    return application(layout(args))


def _bound(name: str, home: Home, args: PlatformArgs, cluster: Nodes) -> Any:
    (specs, *_) = home.values()
    if "share" in specs[0].options:
        return shared_deployment(name, home, args.model)
    return model_deployment(name, specs, args.model, cluster)


def _groups(models: Mapping[str, list[ModelSpec]]) -> dict[str, Home]:
    """Models that share a replica, by what they call it."""
    groups: dict[str, Home] = {}
    for name, specs in models.items():
        if share := specs[0].options.get("share"):
            groups.setdefault(str(share), {})[name] = specs
    return groups
