"""The colorsys module: CPython's own."""

import colorsys
from typing import Any

MEMBERS: dict[str, Any] = {
    name: getattr(colorsys, name)
    for name in ("hls_to_rgb", "hsv_to_rgb", "rgb_to_hls", "rgb_to_hsv", "rgb_to_yiq", "yiq_to_rgb")
}
