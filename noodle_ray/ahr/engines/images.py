"""Image classification: pixels to labels. Programs have no files, so an image is its pixels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noodle_ray.ahr import codes
from noodle_ray.ahr.describe import read_json
from noodle_ray.ahr.engines.arrays import plain, tensor_of
from noodle_ray.ahr.engines.base import Call, failed, wrong
from noodle_ray.ahr.engines.encoder import finite, together
from noodle_ray.ahr.engines.folders import check_labels, labels_of
from noodle_ray.ahr.engines.runner import runner_for
from noodle_ray.ahr.engines.texts import labelled
from noodle_ray.ahr.graphs import GraphRequest
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_MAX_SIDE = 4096
_BATCH = 8

Pixels = NDArray[np.float32]
"""(channels, height, width), from 0 to 1."""


class ImageEngine:
    """``model(image)`` answers an object with ``label``, ``score`` and all ``scores``.

    An image is a matrix (grey), or three matrices, one per channel, or rows of pixels of three numbers; whole numbers
    go from 0 to 255, others from 0 to 1. It is scaled to the model's size. Raises ModelError when it cannot be loaded.
    """

    parallel = 1

    def __init__(self, spec: ModelSpec, folder: Path, engine: str = "", pickled: bool = False) -> None:
        self.name = spec.name
        self._labels = labels_of(folder)
        self._size, self._mean, self._deviation = preprocessing(folder)
        request = GraphRequest(folder, "image-classification", pickled=pickled)
        self._runner = runner_for(spec, request, engine)
        self.max_batch = spec.options.get("max_batch", _BATCH)

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; the images of all calls share a run of the graph."""
        return together(calls, lambda call: ([image_of(call)], True), self._answers)

    def _answers(self, images: list[Pixels]) -> list[Any]:
        try:
            rows = self._runner.run({"pixel_values": np.stack([self._prepared(image) for image in images])})
        except Exception as error:  # the exceptions of engines share no base class
            return [failed(self.name, error)] * len(images)
        return [labelled(self._labels, row) for row in rows]

    def _prepared(self, image: Pixels) -> Pixels:
        scaled = resized(image, *self._size)
        made: Pixels = ((scaled - self._mean) / self._deviation).astype(np.float32)
        return made

    def smoke(self) -> None:
        """One real inference; raises ModelError E0604 unless every number is finite."""
        grey = np.full((3, *self._size), 0.5, dtype=np.float32)
        (row,) = self._runner.run({"pixel_values": self._prepared(grey)[None]})
        check_labels(self.name, self._labels, finite(self.name, row).shape[-1])

    def info(self) -> dict[str, Any]:
        """Engine, device, threads; number of labels as ``width``; ``size``, height and width of what it sees."""
        return self._runner.info() | {"width": len(self._labels), "size": list(self._size)}

    def close(self) -> None:
        """Free the model."""
        self._runner.close()


def preprocessing(folder: Path) -> tuple[tuple[int, int], Pixels, Pixels]:
    """Height and width, mean and deviation per channel, as preprocessor_config.json has them. Raises ModelError E0604
    for what would be done differently here.
    """
    config = read_json(folder / "preprocessor_config.json")
    size = config.get("size")
    if isinstance(size, Mapping):
        size = (size.get("height"), size.get("width"))
    elif type(size) is int:
        size = (size, size)
    mean, deviation = config.get("image_mean", [0.5] * 3), config.get("image_std", [0.5] * 3)
    sound = (
        isinstance(size, tuple)
        and all(type(side) is int and 0 < side <= _MAX_SIDE for side in size)
        and all(
            isinstance(three, list) and len(three) == 3 and all(type(one) in (int, float) for one in three)
            for three in (mean, deviation)
        )
        and all(deviation)
        and not config.get("do_center_crop")
        and config.get("resample", 2) == 2  # bilinear
    )
    if not sound:
        raise ModelError(
            f"the model at {folder} wants its images prepared in a way that is not supported: only height and width, "
            "bilinear scaling, mean and deviation of three channels are",
            code=codes.LOAD_FAILED,
        )
    assert isinstance(size, tuple)
    columns = [np.array(three, dtype=np.float32)[:, None, None] for three in (mean, deviation)]
    return (int(size[0]), int(size[1])), columns[0], columns[1]


def image_of(call: Call) -> Pixels:
    """The image of a call. Raises ModelError E0603 for anything else."""
    args, kwargs = call
    if kwargs or len(args) != 1:
        raise wrong("this model takes one image: a matrix, or three of them, or rows of pixels of three numbers")
    data = tensor_of(args[0])
    try:
        pixels = np.asarray(plain(args[0])) if data is None else data
    except ValueError as error:
        raise wrong(f"the image has no shape: {str(error)[:200]}") from error
    if pixels.dtype.kind not in "iuf":
        raise wrong("the pixels of an image must be numbers")
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3)
    elif pixels.ndim == 3 and pixels.shape[0] != 3 and pixels.shape[2] == 3:
        pixels = pixels.transpose(2, 0, 1)
    if pixels.ndim != 3 or pixels.shape[0] != 3 or not all(0 < side <= _MAX_SIDE for side in pixels.shape[1:]):
        raise wrong(f"an image must be a matrix, or have three channels, and sides up to {_MAX_SIDE}")
    whole = pixels.dtype.kind in "iu"
    most = 255 if whole else 1
    if not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.max() > most:
        raise wrong(f"the pixels of this image must be from 0 to {most}")
    made: Pixels = pixels.astype(np.float32) / np.float32(255 if whole else 1)
    return made


def resized(image: Pixels, height: int, width: int) -> Pixels:
    """The image in another size: bilinear, and averaged where it shrinks, as Pillow and torch (antialias) do it."""
    rows, columns = _weights(image.shape[1], height), _weights(image.shape[2], width)
    made: Pixels = (rows @ image @ columns.T).astype(np.float32)
    return made


def _weights(old: int, new: int) -> NDArray[np.float32]:
    """How much each old line counts in each new one: a triangle about its centre, as wide as it must be."""
    if old == new:
        return np.eye(old, dtype=np.float32)
    step = old / new
    reach = max(step, 1.0)
    centres = (np.arange(new) + 0.5) * step
    distance = np.abs(np.arange(old)[None, :] + 0.5 - centres[:, None]) / reach
    weights = np.maximum(0.0, 1.0 - distance)
    made: NDArray[np.float32] = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return made
