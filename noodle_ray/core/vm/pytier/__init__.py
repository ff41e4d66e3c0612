"""The Python tier: NBC becomes CPython functions with the metering inside. The default tier.

The generated code can only reach what `support` hands it: vetted helpers, builtins by table and the
program's own values. No name of the program ever becomes an attribute access.
"""

from noodle_ray.core.vm.pytier.run import PythonRun, allow_recursion, make_run

__all__ = ["PythonRun", "allow_recursion", "make_run"]
