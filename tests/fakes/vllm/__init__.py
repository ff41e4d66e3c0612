"""Stands for vLLM, which needs a GPU and a torch of its own: the same names, signatures and behaviour as far as the
engine on vLLM uses them (of vLLM 0.11 and later). It computes with transformers, one token at a time, and has no
grammars: an answer that a grammar would have forced is put into ``AsyncLLM.forced``.
"""

__version__ = "0.0-fake"
