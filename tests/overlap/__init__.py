"""Programs whose calls overlap, against CPython running them one call after the other."""
