"""What a reader takes away from the pages: files of the served version, a département's figures, its sheet.

Loaded by ``superset_config.py``; who has not logged in is sent to the login page.
"""

import csv
import io
import re
from pathlib import Path

import duckdb
from flask import Flask, Response, abort, g, redirect, request, send_from_directory

CODE = re.compile(r"\d[0-9AB]|97\d")
# Read from the version's Parquet: Superset has the database file open with settings of its own.
# A French spreadsheet opens it as it is: signature, semicolons, decimal commas.
COLUMNS = {
    "code_departement": "t.code_territoire",
    "departement": "t.libelle_territoire",
    "code_indicateur": "t.code_indicateur",
    "indicateur": "t.libelle_indicateur",
    "trimestre": "t.trimestre",
    "valeur": "replace(t.valeur::varchar, '.', ',')",
    "unite": "t.unite",
    "statut": "t.libelle_statut",
    "motif": "t.libelle_motif",
    "donnees_au": "strftime(t.date_reference, '%d/%m/%Y')",
    "evolution": "replace(t.evolution::varchar, '.', ',')",
    "source": "t.libelle_source",
    "edition": "t.edition",
    "nature": "t.donnees",
}
FIGURES = f"""
    select {", ".join(COLUMNS.values())}
    from read_parquet(?) as t
    where t.niveau = 'departement' and t.code_territoire = ?
    order by t.code_indicateur, t.trimestre
"""


def offer(app: Flask, warehouse: Path, sheets: Path) -> None:
    """Add the addresses ``/donnees/…`` and ``/fiches/<code>.pdf``.

    Args:
        warehouse: the published file, reached through the link of the served version.
        sheets: folder that holds one folder of factsheets per version.
    """

    def files() -> Path:
        return warehouse.parent.resolve() / "fichiers"

    def guarded(answer):
        def view(name: str):
            if getattr(g, "user", None) is None or g.user.is_anonymous:
                return redirect(f"/login/?next={request.path}")
            return answer(name)

        return view

    def departement(name: str) -> Response:
        if not CODE.fullmatch(name):
            abort(404)
        with duckdb.connect() as connection:
            rows = connection.execute(FIGURES, [str(files() / "tableau_de_bord.parquet"), name]).fetchall()
        if not rows:
            abort(404)
        return Response(
            as_csv(rows),
            mimetype="text/csv",
            headers={"Content-Disposition": f'attachment; filename="acces-aux-soins-{name}.csv"'},
        )

    views = {
        "/donnees/departement/<name>.csv": departement,
        "/donnees/<name>": lambda name: send_from_directory(files(), name, as_attachment=True),
        "/fiches/<name>": lambda name: send_from_directory(sheets / warehouse.parent.resolve().name, name),
    }
    for rule, answer in views.items():
        app.add_url_rule(rule, f"acces_soins{rule}".replace("/", "_"), guarded(answer))


def as_csv(rows: list[tuple]) -> str:
    """The rows under their headings, for a French spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return "\ufeff" + text.getvalue()
