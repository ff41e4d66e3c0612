"""What runs look like from outside: timelines, metrics, logs."""
