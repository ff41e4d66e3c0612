"""What a model's description may be."""

import pytest

from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

GOOD = {"name": "m", "source": "path:/models/m"}


def test_spec_round_trips_through_its_dict() -> None:
    spec = ModelSpec("my/model@1", "hf:org/name", "embedding", "onnxruntime", "main", {"threads": 2, "gpus": 0.5})
    assert ModelSpec.from_dict(spec.to_dict()) == spec
    assert (spec.scheme, spec.place) == ("hf", "org/name")


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "-x"},
        {"name": "x" * 201},
        {"name": "a b"},
        {"name": "a\n"},
        {"name": 5},
        {"source": "file.gguf"},
        {"source": "ftp://x"},
        {"source": "s3:bucket"},
        {"source": "https://x/y::file:///etc"},
        {"digest": "12"},
        {"source": "path:"},
        {"source": "path:/a\0b"},
        {"source": None},
        {"task": "summon"},
        {"engine": "vllm-please"},
        {"version": 1},
        {"options": []},
        {"options": {"colour": 1}},
        {"options": {"threads": 0}},
        {"options": {"threads": True}},
        {"options": {"threads": "2"}},
        {"options": {"gpus": float("nan")}},
        {"options": {"gpus": 1.5}},
        {"options": {"resources": {"vault": -1}}},
        {"options": {"resources": {"": 1}}},
        {"options": {"resources": ["vault"]}},
        {"options": {"resources": {str(number): 1 for number in range(17)}}},
        {"options": {"labels": {"tier": 3}}},
        {"options": {"labels": {"tier": "in(a, b)"}}},
        {"options": {"min_replicas": -1}},
        {"options": {"min_replicas": 3, "max_replicas": 2}},
        {"options": {"share": "a b"}},
        {"options": {"share": "small", "gpus": 1}},
        {"options": {"time_limit": 0}},
        {"options": {"start_timeout": float("inf")}},
        {"options": {"max_batch_tokens": 1.5}},
        {"options": {"pooling": "max"}},
        {"options": {"file": 3}},
        {"extra": 1},
    ],
)
def test_spec_is_refused_when_a_field_cannot_be_right(change: dict[str, object]) -> None:
    with pytest.raises(ModelError) as caught:
        ModelSpec.from_dict(GOOD | change)
    assert caught.value.code == "NOODLE-E0606"


@pytest.mark.parametrize("data", [None, [], "x", {}, {"name": "m"}])
def test_spec_is_refused_when_it_is_no_object_with_name_and_source(data: object) -> None:
    with pytest.raises(ModelError) as caught:
        ModelSpec.from_dict(data)
    assert caught.value.code == "NOODLE-E0606"
