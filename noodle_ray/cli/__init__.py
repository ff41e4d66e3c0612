"""The ``noodle`` command."""
