"""Runs programs in locked-down worker processes: the wire protocol, the worker, its fork server and pools."""
