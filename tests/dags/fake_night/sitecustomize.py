"""Loaded by every Python child whose PYTHONPATH names this folder: puts fake steps in place."""

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location(
    "acces_soins.steps", Path(__file__).with_name("fake_steps.py")
)
sys.modules["acces_soins.steps"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["acces_soins.steps"])
