"""The interpreter: the definition of what NBC means. Simple and obviously right before fast.

One Python function per opcode (`data`, `access`, `calls`, `control`), each taking the frame and the
instruction; a block is run instruction by instruction; control flow that leaves a block is a signal.
"""

from noodle_ray.core.vm.interpreter.run import InterpreterRun, allow_recursion, make_run

__all__ = ["InterpreterRun", "allow_recursion", "make_run"]
