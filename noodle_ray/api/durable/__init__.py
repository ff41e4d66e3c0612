"""Durable runs over HTTP: `/v1/runs`."""
