"""The one command: ``acces-soins``."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from acces_soins import french
from acces_soins.command_line import App, UsageError, refusal
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.query import Format

app = App(
    name="acces-soins",
    help="Observatoire de l'accès aux soins : extraire, déposer, construire, contrôler, publier, interroger.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

EXPECTED_FAILURE, USAGE, DIFFERENT, INTERRUPTED = 1, 2, 3, 130

SourceId = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="Source du catalogue, par exemple ameli.patients_longueduree_annuelle."
    ),
]
Release = Annotated[
    str, typer.Argument(metavar="PUBLICATION", help="Nom de la publication, par exemple 2026T3-r0.")
]
Night = Annotated[str | None, typer.Option("--night", help="Nuit à poursuivre (par défaut : une nouvelle).")]


def main() -> None:
    """Run the command; an expected failure is one clear line and exit code 1."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="acces-soins", standalone_mode=False))
    except UsageError as error:
        typer.echo(f"Erreur : {refusal(error)}", err=True)
        sys.exit(USAGE)
    except typer.Abort:
        typer.echo("Interrompu.", err=True)
        sys.exit(INTERRUPTED)
    except ConfigurationError as error:
        typer.echo(f"Erreur : {error}", err=True)
        sys.exit(USAGE)
    except AccesSoinsError as error:
        typer.echo(f"Erreur : {error}", err=True)
        sys.exit(EXPECTED_FAILURE)
    except OSError as error:
        typer.echo(
            f"Erreur : {error.strerror or error} ({error.filename or 'disque'}). Vérifier la place "
            "et les droits, puis recommencer.",
            err=True,
        )
        sys.exit(EXPECTED_FAILURE)


@app.command()
def extract(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE…", help="Sources à extraire (toutes par défaut).")
    ] = None,
) -> None:
    """Archiver le nouveau des portails et, sans source nommée, ce que les partenaires ont déposé."""
    from acces_soins import report, steps
    from acces_soins.catalog import fetched_sources, get_source

    chosen = [get_source(source_id).id for source_id in sources or fetched_sources()]
    night = steps.open_night()
    failures = [] if sources else report.refusals(steps.take_deposits(night))
    for source_id in chosen:
        try:
            steps.extract(source_id, night)
        except AccesSoinsError as error:
            failures.append(f"{source_id} : {error}")
    if failures:
        raise AccesSoinsError("\n         ".join(failures))


@app.command()
def deposit(
    source: SourceId,
    file: Annotated[
        Path, typer.Argument(metavar="FICHIER", help="Fichier à remettre ; il n'est ni déplacé ni modifié.")
    ],
    edition: Annotated[
        str, typer.Option("--edition", help="Période dont parlent les données : 2024, 2026-03…")
    ],
    perimetre: Annotated[
        str | None, typer.Option("--scope", help="Ce que le fichier couvre : region=76.")
    ] = None,
    alias: Annotated[str, typer.Option("--alias", help="nom du fichier=nom du contrat;…")] = "",
    absent: Annotated[str, typer.Option("--absent-columns", help="colonnes que le fichier n'a pas;…")] = "",
) -> None:
    """Remettre un fichier pour une source, sous le même contrat que les portails."""
    from acces_soins import deposits, quality, steps

    event = steps.deposit(
        deposits.Deposit(
            source, file, edition, perimetre, deposits.parse_aliases(alias), deposits.parse_names(absent)
        )
    )
    quality.write_docs(event["nuit"])


@app.command()
def build(night: Night = None) -> None:
    """Construire l'entrepôt privé (dbt) ; affiche la nuit à contrôler puis à publier."""
    from acces_soins import steps

    night = night or steps.open_night()
    steps.build(night)
    typer.echo(night)


@app.command()
def check(night: Annotated[str, typer.Option("--night", help="Nuit construite par « build ».")]) -> None:
    """Contrôler ce qui serait publié (Great Expectations)."""
    from acces_soins import steps

    steps.check(night)


@app.command()
def publish(night: Annotated[str, typer.Option("--night", help="Nuit contrôlée par « check ».")]) -> None:
    """Publier une nouvelle version et la servir."""
    from acces_soins import steps

    steps.publish(night)


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(metavar="REQUÊTE", help="Requête SQL (DuckDB) sur le schéma marts.")
    ],
    form: Annotated[Format, typer.Option("--format", help="Forme de la réponse.")] = Format.TABLE,
) -> None:
    """Interroger la version servie, en lecture seule."""
    from acces_soins import query as queries

    queries.write(queries.run(query), form)


@app.command()
def explain(
    indicator: Annotated[str, typer.Argument(metavar="INDICATEUR", help="Code de l'indicateur.")],
    territory: Annotated[str, typer.Argument(metavar="TERRITOIRE", help="Code Insee, ou FR.")],
    quarter: Annotated[str, typer.Argument(metavar="TRIMESTRE", help="Trimestre, par exemple 2025T2.")],
    level: Annotated[
        str | None,
        typer.Option("--level", help="departement (par défaut) ou region, quand le code sert deux fois."),
    ] = None,
) -> None:
    """Remonter d'un chiffre publié à sa formule, ses fichiers, leurs empreintes et leurs lignes."""
    from acces_soins import explanation

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, text in explanation.explain(indicator, territory, quarter, level):
        table.add_row(label, text)
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


@app.command()
def status() -> None:
    """L'état de chaque source, la version servie, la prochaine publication et ce qui attend une réponse."""
    from acces_soins import agenda, publication
    from acces_soins import status as states
    from acces_soins.settings import get_settings

    table = Table(box=None, pad_edge=False)
    for header in states.HEADERS:
        table.add_column(header, overflow="fold", no_wrap=header == "Source")
    for row in states.source_states():
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(table)
    if failures := list(states.last_failures()):
        console.print("\nDernier échec de chaque source (UTC)")
    for sentence in failures:
        console.print(f"  ! {sentence}", soft_wrap=True)
    served = publication.current_version()
    console.print(f"\nVersion servie : {served['version'] if served else 'aucune'}")
    console.print("\nPublications trimestrielles")
    for label, text in agenda.lines(get_settings().today):
        console.print(f"  {label} : {text}", soft_wrap=True)


@app.command()
def verify(
    release: Annotated[
        str | None,
        typer.Argument(metavar="PUBLICATION", help="Publication figée, par exemple 2026T3-r0."),
    ] = None,
    archive: Annotated[
        bool,
        typer.Option("--archive", help="Prouver que rien n'a été écrasé, retiré ni glissé dans l'archive."),
    ] = False,
) -> None:
    """Vérifier une publication figée (empreintes, contrats, sommes), ou l'archive entière (--archive)."""
    from acces_soins import releases

    if release is None and not archive:
        raise ConfigurationError("rien à vérifier : nommer une publication figée, ou ajouter --archive.")
    if release:
        for sentence in releases.verify(release):
            typer.echo(f"{release} : {sentence}.")
    if archive:
        _verify_archive()


def _verify_archive() -> None:
    """What the archive holds, source by source, and the verdict."""
    from acces_soins import proof

    proofs = proof.prove()
    table = Table(box=None, pad_edge=False)
    for header in ("source", "éditions", "octets vérifiés", "élaguées", "verdict"):
        table.add_column(header, overflow="fold")
    for one in proofs:
        verdict = french.counted(len(one.faults), "écart(s)") if one.faults else "intacte"
        table.add_row(one.name, str(one.entries), str(one.checked), str(one.pruned), verdict)
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)
    _conclude(
        [fault.sentence for one in proofs for fault in one.faults],
        "Archive intacte : rien n'y a été écrasé, retiré ni glissé.",
    )


@app.command()
def rebuild(
    version: Annotated[
        str,
        typer.Argument(
            metavar="PUBLICATION",
            help="Version ou publication figée à refaire (20261122T013000Z-…, 2026T3-r0).",
        ),
    ],
) -> None:
    """Refaire une publication depuis l'archive et la comparer, tables et fichiers, à ce qui a été publié."""
    from acces_soins import rebuilding

    compared = rebuilding.rebuild(version)
    table = Table(box=None, pad_edge=False)
    for header in ("table", "lignes publiées", "lignes refaites", "verdict"):
        table.add_column(header, overflow="fold")
    tables = [one for one in compared if one.unit == "lignes"]
    for one in tables:
        table.add_row(one.name, str(one.published), str(one.rebuilt), one.verdict)
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)
    _conclude(
        [one.sentence for one in compared if not one.same],
        f"{version} : refaite à l'identique, {len(tables)} tables"
        + (f" et {files} fichiers." if (files := len(compared) - len(tables)) else "."),
    )


def _conclude(faults: list[str], good_news: str) -> None:
    """The verdict of a proof: each fault on a line of its own and exit code 1, or the good news."""
    if faults:
        raise AccesSoinsError("\n         ".join([french.counted(len(faults), "écart(s)"), *faults]))
    typer.echo(f"\n{good_news}")


@app.command(name="dashboards")
def deploy_dashboards() -> None:
    """Importer les tableaux de bord dans Superset et les mettre à jour."""
    from acces_soins import steps

    steps.refresh_dashboards(steps.open_night())


@app.command(name="factsheets")
def make_factsheets(
    departments: Annotated[
        list[str] | None,
        typer.Option("--department", help="Code d'un département, à répéter (tous par défaut) : 2A."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Dossier à remplir (par défaut : fiches/<version> dans les données)."),
    ] = None,
) -> None:
    """Écrire les fiches PDF des départements, d'après la version servie."""
    from acces_soins import factsheets

    files = factsheets.write_served(output, departments)
    sheets = sum(path.suffix == ".pdf" for path in files)
    typer.echo(f"{sheets} {french.agreed('fiche(s)', sheets)} dans {files[0].parent}")


@app.command()
def propose(
    quarter: Annotated[str, typer.Argument(metavar="TRIMESTRE", help="Dernier trimestre publié : 2026T3.")],
    reasons: Annotated[
        str | None, typer.Option("--reasons", help="Raisons d'une correction (-r1 et suivantes), publiées.")
    ] = None,
) -> None:
    """Proposer la version servie comme publication du trimestre, avec son rapport de comparaison."""
    from acces_soins import frozen, releases

    proposal = releases.propose(quarter, reasons)
    report = releases.proposal_folder(proposal) / f"{frozen.REPORT}.html"
    typer.echo(f"{proposal['publication']} proposée (version {proposal['version']}). Rapport : {report}")


@app.command()
def freeze(
    release: Release,
    approved_by: Annotated[
        str, typer.Option("--by", help="Qui approuve ; son nom reste avec la publication.")
    ],
    remark: Annotated[str | None, typer.Option("--remark", help="Ce que cette personne ajoute.")] = None,
) -> None:
    """Approuver la proposition et la figer ; elle ne sera plus jamais réécrite."""
    from acces_soins import release_list, releases
    from acces_soins.settings import get_settings

    done = releases.freeze(release, approved_by, remark=remark)
    release_list.write()
    typer.echo(f"{done['publication']} figée : {get_settings().releases / done['publication']}")
    for note in done["notes"]:
        typer.echo(note)


@app.command()
def refuse(
    release: Release,
    refused_by: Annotated[str, typer.Option("--by", help="Qui refuse.")],
    reason: Annotated[str, typer.Option("--reason", help="Pourquoi ; inscrit au registre.")],
) -> None:
    """Refuser la proposition ; rien n'est figé, elle peut être proposée à nouveau."""
    from acces_soins import releases

    releases.refuse(release, refused_by, reason)
    typer.echo(f"{release} refusée ; rien n'est figé.")


@app.command()
def diff(
    old: Annotated[
        str, typer.Argument(metavar="ANCIENNE", help="Publication figée, version, ou « courante ».")
    ],
    new: Annotated[str, typer.Argument(metavar="NOUVELLE", help="De même.")] = "courante",
) -> None:
    """Comparer deux publications : ce qui a bougé et pourquoi. Code 0 sans différence, 3 sinon."""
    from rich.markdown import Markdown

    from acces_soins import comparison, comparison_page, releases

    told = comparison.compare(*(comparison.read_side(releases.find(name)) for name in (old, new)))
    text = comparison_page.markdown(told)
    if sys.stdout.isatty():
        Console(highlight=False).print(Markdown(text))
    else:
        typer.echo(text)
    if not told["identiques"]:
        raise typer.Exit(DIFFERENT)


@app.command()
def backup(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="Archive à écrire (.tar.gz).")],
) -> None:
    """Sauvegarder l'irremplaçable : zone brute, quarantaine, registre, publications figées."""
    from acces_soins import backup as backups

    typer.echo(f"{backups.backup(archive)} fichiers dans {archive}")


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="Archive écrite par « backup ».")],
) -> None:
    """Restaurer une sauvegarde dans un dossier de données vide."""
    from acces_soins import backup as backups

    typer.echo(f"{backups.restore(archive)} éditions restaurées et vérifiées")


if __name__ == "__main__":
    main()
