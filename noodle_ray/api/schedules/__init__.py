"""Schedules over HTTP: when runs start."""
