"""Classes, and setting and deleting attributes."""

from noodle_ray.core.vm.classes.make import make_class
from noodle_ray.core.vm.interpreter.closure import make_closure
from noodle_ray.core.vm.interpreter.frame import Frame, operation
from noodle_ray.core.vm.methods import del_attribute, set_attribute
from noodle_ray.light import Any

Keywords = tuple[tuple[str, int], ...]


@operation("class")
def class_(frame: Frame, target: int, name: str, index: int, bases: tuple[int, ...], keywords: Keywords) -> None:
    registers = frame.registers
    body: Any = make_closure(frame, index, [])
    given = {keyword: registers[r] for keyword, r in keywords}
    registers[target] = make_class(name, body, tuple([registers[r] for r in bases]), given)


@operation("setattr")
def write_attribute(frame: Frame, target: int, name: str, source: int) -> None:
    set_attribute(frame.registers[target], name, frame.registers[source])


@operation("delattr")
def delete_attribute(frame: Frame, target: int, name: str) -> None:
    del_attribute(frame.registers[target], name)
