"""Check, import and refresh the Superset assets.

``assets`` makes them from the short YAML of ``superset/assets``, ``checks`` holds them against the marts'
contracts, ``deployment`` brings them into Superset. Runs in the pipeline's environment.
"""

from acces_soins.dashboards.assets import ASSETS, SUPERSET, TERRITORIES, load_assets, of_kind, series_colours
from acces_soins.dashboards.checks import check_assets
from acces_soins.dashboards.deployment import (
    ENVIRONMENT,
    DashboardsError,
    credentials_hint,
    deploy,
    environment,
    prepare,
    refresh,
    server_command,
    superset_version,
    update,
)

__all__ = [
    "ASSETS",
    "ENVIRONMENT",
    "SUPERSET",
    "TERRITORIES",
    "DashboardsError",
    "check_assets",
    "credentials_hint",
    "deploy",
    "environment",
    "load_assets",
    "of_kind",
    "prepare",
    "refresh",
    "series_colours",
    "server_command",
    "superset_version",
    "update",
]
