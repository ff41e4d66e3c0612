"""Tools that programs may call: Python functions and HTTP endpoints that the operator of a platform registered."""
