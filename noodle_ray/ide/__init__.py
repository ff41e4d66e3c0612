"""Tools for where programs are written."""
