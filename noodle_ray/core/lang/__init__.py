"""The compiler: source text to an NBC module, or to diagnostics. Never an exception of the host's own.

Stages, each a pure step: ``parse`` → ``validate`` → ``resolve`` → ``lower`` → ``effects``.
"""

from noodle_ray.core.lang.compiler import check_source, compile_source
from noodle_ray.core.lang.render import render

__all__ = ["check_source", "compile_source", "render"]
