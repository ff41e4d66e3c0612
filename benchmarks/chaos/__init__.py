"""A campaign against durable runs: faults of all kinds while some are under way, and an audit of all of them."""
