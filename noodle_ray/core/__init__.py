"""NoodleCore: the compiler, the bytecode, the runtime and its sandbox."""
