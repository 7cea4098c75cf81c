"""``python -m acces_soins.services.launch [--health] <service> [<command>…]``: what a container runs.

It becomes that service, with the same command as under ``serve``: only the settings differ. With
``--health`` it becomes what asks how the service is; with a command, that command among the service's own
settings. Needs nothing but the settings: Superset's image, which lacks the pipeline's environment, runs it.
"""

import os
import sys

from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.services import airflow, superset
from acces_soins.services.superset import Command
from acces_soins.settings import Settings, get_settings

SERVICES = (*airflow.SERVICES, *superset.SERVICES)


def command(arguments: list[str], settings: Settings) -> Command:
    """(argv, env) that these arguments ask for. Raises ConfigurationError without the name of a service."""
    health = arguments[:1] == ["--health"]
    service, *instead = arguments[health:] or [""]
    if service not in SERVICES:
        raise ConfigurationError(f"attendu l'un des services {', '.join(SERVICES)} ; trouvé « {service} ».")
    of = airflow if service in airflow.SERVICES else superset
    argv, env = (of.health_checks if health else of.commands)(settings)[service]
    return instead or argv, env


def main() -> None:
    """Replace this process by the service's, which then gets the signals."""
    try:
        argv, env = command(sys.argv[1:], get_settings())
    except AccesSoinsError as error:
        print(f"Erreur : {error}", file=sys.stderr)
        sys.exit(2)
    os.execvpe(argv[0], argv, env)


if __name__ == "__main__":
    main()
