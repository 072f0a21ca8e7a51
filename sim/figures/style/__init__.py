"""What all figures share: the house style, the page, colours, marks and labels."""

from __future__ import annotations

from pathlib import Path

import matplotlib.style

in_house_style = matplotlib.style.context(Path(__file__).with_name("openloop.mplstyle"))
"""Decorator of functions that draw: they do it in the house style."""
