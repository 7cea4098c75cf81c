"""``python -m acces_soins.services night | serve | migrate | prepare``: the Makefile and the containers."""

import os
import signal
import sys

import typer

from acces_soins.errors import AccesSoinsError
from acces_soins.services import airflow
from acces_soins.services.night import run_night
from acces_soins.services.processes import wait_until_it_answers
from acces_soins.services.serve import serve as serve_all

app = typer.Typer(help="La nuit et les services.", no_args_is_help=True, add_completion=False)


@app.command()
def night() -> None:
    """Exécute une nuit par Airflow et imprime son compte rendu."""
    raise typer.Exit(run_night())


@app.command()
def serve() -> None:
    """Sert Airflow et Superset sur cette machine, jusqu'à Ctrl-C."""
    raise typer.Exit(serve_all())


@app.command()
def migrate() -> None:
    """Prépare la base d'Airflow (une fois par version)."""
    airflow.migrate()


@app.command()
def prepare() -> None:
    """Prépare la base, les rôles et les comptes de Superset (une fois par version)."""
    from acces_soins import dashboards

    dashboards.prepare()


@app.command(hidden=True, context_settings={"ignore_unknown_options": True})
def after(port: int, command: list[str]) -> None:
    """Devient la commande dès que le port répond."""
    wait_until_it_answers(port, lambda: True, "le service attendu")
    os.execv(command[0], command)


def _stop(number: int, frame) -> None:
    """SIGTERM ends the program as Ctrl-C does: through the clean-up of every child."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command; an error meant for the operator is one line, exit code 2."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except AccesSoinsError as error:
        print(f"Erreur : {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
