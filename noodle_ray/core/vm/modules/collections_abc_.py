"""The module collections.abc."""

from noodle_ray.core.vm.classes.abstract import CLASSES

MEMBERS = CLASSES
