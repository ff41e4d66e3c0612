"""The HTTP API. `create_app` in `noodle_ray.api.app` builds it around a `Services`."""
