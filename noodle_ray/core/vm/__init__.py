"""The runtime: builtins, fibers, the tiers that execute a module, and `execute`, the one way in."""
