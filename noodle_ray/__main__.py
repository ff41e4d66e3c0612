"""``python -m noodle_ray`` is the ``noodle`` command."""

import sys

from noodle_ray.cli.main import main

sys.exit(main())
