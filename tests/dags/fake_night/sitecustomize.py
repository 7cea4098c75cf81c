"""Loaded by every Python child whose PYTHONPATH names this folder: puts the fakes in place."""

import importlib.util
import sys
from pathlib import Path

for name in ("steps", "dashboards"):
    file = Path(__file__).with_name(f"fake_{name}.py")
    spec = importlib.util.spec_from_file_location(f"acces_soins.{name}", file)
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[spec.name])
