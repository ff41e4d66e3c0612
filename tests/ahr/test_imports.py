"""What importing the model runtime costs."""

import subprocess
import sys

import noodle_ray.ahr as ahr

HEAVY = ("torch", "transformers", "onnxruntime", "xllamacpp", "tokenizers", "huggingface_hub", "numpy", "ray")


def test_nothing_heavy_loads_until_an_engine_does() -> None:
    script = (
        "import sys, noodle_ray.ahr as ahr\n"
        "models = ahr.LocalModels(); ahr.Registry().list(); ahr.ModelReplica; ahr.make_spec\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_what_they_say_in_any_order() -> None:
    for names in (ahr.__all__, ahr.__all__[::-1]):
        script = f"from noodle_ray.ahr import {', '.join(names)}; assert all(map(callable, ({', '.join(names)})))"
        subprocess.run([sys.executable, "-c", script], timeout=60, check=True)
