"""The rules of the source tree: which package may import which, and what may not stand in a tracked file."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Lower numbers know nothing of higher ones (docs/architecture.md, "Layers").
LAYERS = {
    "noodle_ray.errors": 1,  # names spans of NBC
    "noodle_ray.paths": 0,
    "noodle_ray.core.nbc": 1,
    "noodle_ray.core.vm": 2,
    "noodle_ray.core.vm.catalog": 0,
    "noodle_ray.core.vm.names": 0,  # pure data, which the verifier reads too
    "noodle_ray.core.lang": 3,
    "noodle_ray.core.types": 4,
    "noodle_ray.core.sandbox": 4,
    "noodle_ray.core.store": 4,
    "noodle_ray.security": 4,
    "noodle_ray.observability": 4,
    "noodle_ray.core.runs": 5,
    "noodle_ray.ahr": 5,
    "noodle_ray.trm": 5,
    "noodle_ray.net": 5,
    "noodle_ray.api": 6,
    "deployments": 7,
    "noodle_ray.cluster": 8,
    "noodle_ray.client": 9,
    "noodle_ray.cli": 10,
    "noodle_ray.ide": 10,
}
PURE = ("noodle_ray/core/lang", "noodle_ray/core/nbc", "noodle_ray/core/vm")
FOREIGN = {"ray", "torch", "fastapi", "starlette", "pydantic", "transformers", "httpx", "numpy"}


def _tracked(*patterns: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> set[str]:
    """Dotted names of every module that a file imports, at its top or inside a function."""
    found: set[str] = set()
    package = _module_name(path).split(".") if path.name == "__init__.py" else _module_name(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            found.add(name)
            found.update(f"{name}.{alias.name}" for alias in node.names)
    return found


def _layer(module: str) -> tuple[str, int] | None:
    for prefix in sorted(LAYERS, key=len, reverse=True):
        if module == prefix or module.startswith(prefix + "."):
            return prefix, LAYERS[prefix]
    return None


def test_dependencies_point_one_way() -> None:
    wrong = []
    for path in _tracked("noodle_ray/*.py", "deployments/*.py"):
        own = _layer(_module_name(path))
        for name in sorted(_imports(path)) if own else ():
            target = _layer(name)
            if own and target and target[1] > own[1]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_import_nothing_foreign(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _tracked(f"{package}/*.py")
        for name in sorted(_imports(path))
        if name.split(".")[0] in FOREIGN and not (name.startswith("numpy") and "vm/arrays/" in str(path))
    ]
    assert not wrong


# Assembled from halves, so that this file does not find itself.
_FORBIDDEN = {
    "an absolute path of one machine": re.compile(r"/(?:work|home|Users|roo" + r"t)/[A-Za-z.]"),
    "a registry or index host": re.compile(r"(?:pypi\.or" + r"g|pythonhosted\.or" + r"g|npmjs\.or" + r"g)"),
    "a pip option that names an index": re.compile(r"--(?:extra-)?index-ur" + r"l|--find-link" + r"s"),
    "a local version tag in the lock": re.compile(r"==[0-9.]+\+(?:cp" + r"u|cu[0-9])"),
}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_tracked_files_do_not_contain(what: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in _tracked()
        for number, line in enumerate(_text(path).splitlines(), 1)
        if _FORBIDDEN[what].search(line)
    ]
    assert not wrong


def test_lock_covers_every_direct_dependency() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted += project["optional-dependencies"]["jupyter"]
    locked = {
        re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ]", item)[0]).lower() for item in wanted}
    assert names <= locked
