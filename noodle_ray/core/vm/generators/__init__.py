"""Suspended code and its surroundings: what both tiers share of generators, coroutines, managers and their ends."""
