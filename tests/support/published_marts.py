"""A small published warehouse for tests: the columns of the marts, obviously fictitious values."""

import csv
import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa

from acces_soins import history
from acces_soins.dashboards import TERRITORIES, marts_contracts

# table -> column -> type, as dbt's YAML declares the published marts.
CONTRACTS = marts_contracts()

# code, label, unit, decimals, sens, level of the values, quarters between two observed points
INDICATORS = [
    ("taux_ald_sans_mt", "Part des patients en ALD sans médecin traitant", "%", 1, "baisse", 4.0, 1),
    (
        "file_active_moyenne_mg",
        "File active moyenne des médecins généralistes libéraux",
        "patients",
        0,
        "hausse",
        1500.0,
        2,
    ),
    ("effectif_mg_liberaux", "Médecins généralistes libéraux", "médecins", 0, "hausse", 500.0, 4),
    (
        "densite_mg_liberaux",
        "Densité de médecins généralistes libéraux",
        "pour 100 000 habitants",
        1,
        "hausse",
        75.0,
        4,
    ),
    (
        "apl_mg",
        "Accessibilité potentielle localisée aux médecins généralistes",
        "consultations par an et par habitant",
        1,
        "hausse",
        3.5,
        4,
    ),
    (
        "part_pop_apl_inf_2_5",
        "Part de la population dont l'accessibilité est inférieure à 2,5",
        "%",
        1,
        "baisse",
        25.0,
        4,
    ),
    ("nb_msp", "Maisons de santé pluriprofessionnelles", "structures", 0, "hausse", 25.0, 1),
    ("nb_centres_sante", "Centres de santé", "structures", 0, "hausse", 20.0, 1),
    ("delai_moyen_acces_specialistes", "Délai moyen d'accès aux spécialistes", "jours", 0, "baisse", None, 1),
]
QUARTERS = [f"{year}T{quarter}" for year in (2024, 2025) for quarter in (1, 2, 3, 4)]
STATUS_LABELS = {
    "observe": "Observé",
    "reporte": "Reporté",
    "masque": "Masqué",
    "non_disponible": "Non disponible",
}
TRIAL = "Données d'essai (fictives)"


def quarter_end(quarter: str) -> dt.date:
    year, number = int(quarter[:4]), int(quarter[5])
    first_of_next = dt.date(year + number // 4, number % 4 * 3 + 1, 1)
    return first_of_next - dt.timedelta(days=1)


def _territories() -> list[dict]:
    with TERRITORIES.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _value(level: float, rank: int, quarter_index: int, scale: int) -> float:
    """Smooth and obviously made up: a wave over the territories, a slope over the quarters."""
    return round((level * (0.6 + (rank * 37 % 101) / 125) * (1 + 0.01 * quarter_index)) * scale, 2)


def _status(indicator: tuple, territory: dict, quarter_index: int) -> tuple[str, str | None]:
    if indicator[5] is None:
        return "non_disponible", "aucune_source_ouverte"
    if territory["code_territoire"] == "976" and indicator[0] == "taux_ald_sans_mt":
        return "masque", "NC"
    if territory["code_territoire"] == "93" and indicator[0] == "taux_ald_sans_mt":
        return "non_disponible", "edition_non_recue"
    observed = (quarter_index + 1) % indicator[6] == 0 and not (
        territory["code_territoire"] == "23" and quarter_index == 7
    )
    return ("observe", None) if observed else ("reporte", None)


def _row(indicator: tuple, territory: dict, rank: int, index: int, offset: float, regions: dict) -> dict:
    code, label, unit, decimals, sens, level, step = indicator
    status, reason = _status(indicator, territory, index)
    last = index if status == "observe" else (index + 1) // step * step - 1
    if status == "reporte" and last == index:
        last = index - 1
    if last < 0 and status == "reporte":
        status, reason = "non_disponible", "edition_non_recue"
    visible = status in ("observe", "reporte")
    scale = (
        {"france": 100, "region": 6}.get(territory["niveau"], 1)
        if decimals == 0 and code != "file_active_moyenne_mg"
        else 1
    )
    value = _value(level, rank, last, scale) + offset if visible else None
    before = last - step
    previous = _value(level, rank, before, scale) + offset if visible and before >= 0 else None
    change = value - previous if previous is not None else None
    own = change is not None and status == "observe"
    return {
        "code_indicateur": code,
        "libelle_indicateur": label,
        "unite": unit,
        "decimales": decimals,
        "sens": sens,
        **{key: territory[key] for key in ("niveau", "code_territoire", "libelle_territoire")},
        "code_region": territory["code_region"] or None,
        "libelle_region": regions.get(territory["code_region"]),
        "code_iso_3166_2": territory["code_iso_3166_2"] or None,
        "trimestre": QUARTERS[index],
        "date_trimestre": quarter_end(QUARTERS[index]),
        "valeur": value,
        "evolution": change if own else None,
        "evolution_pct": 100 * change / previous if own else None,
        "evolution_point": change,
        "evolution_point_pct": None if change is None else 100 * change / previous,
        "date_point_precedent": None if change is None else quarter_end(QUARTERS[before]),
        "date_reference": quarter_end(QUARTERS[last]) if visible else None,
        "date_reference_precedente": quarter_end(QUARTERS[before]) if own else None,
        "age_trimestres": index - last if visible else None,
        "statut": status,
        "libelle_statut": STATUS_LABELS[status],
        "motif": reason,
        "libelle_motif": {
            "NC": "Non communiqué par le producteur",
            "aucune_source_ouverte": "Aucune source ouverte",
            "edition_non_recue": "Édition non reçue",
        }.get(reason),
        "source": "essai.producteur",
        "libelle_source": "Source fictive d'essai",
        "edition": QUARTERS[last] if visible else None,
    }


def _rank(rows: list[dict]) -> None:
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        if row["niveau"] == "departement" and row["valeur"] is not None:
            groups.setdefault((row["code_indicateur"], row["trimestre"]), []).append(row)
    for group in groups.values():
        best_first = group[0]["sens"] == "hausse"
        for rank, row in enumerate(sorted(group, key=lambda r: r["valeur"], reverse=best_first), 1):
            row["rang"], row["nb_classes"] = rank, len(group)


def _compare(rows: list[dict]) -> None:
    france = {(r["code_indicateur"], r["trimestre"]): r["valeur"] for r in rows if r["niveau"] == "france"}
    for row in rows:
        if row["niveau"] != "france":
            row["valeur_france"] = france[row["code_indicateur"], row["trimestre"]]


def rows_of_the_dashboard(offset: float = 0.0, data_label: str = TRIAL) -> list[dict]:
    """Every row of ``tableau_de_bord``: 9 indicators × 120 territories × 8 quarters."""
    territories = _territories()
    regions = {t["code_territoire"]: t["libelle_territoire"] for t in territories if t["niveau"] == "region"}
    for territory in territories:
        if territory["niveau"] == "region":
            territory["code_region"] = territory["code_territoire"]
    rows = [
        _row(indicator, territory, rank, index, offset, regions)
        for indicator in INDICATORS
        for rank, territory in enumerate(territories)
        for index in range(len(QUARTERS))
    ]
    _rank(rows)
    _compare(rows)
    return [{**row, "donnees": data_label} for row in rows]


def _catalogue() -> list[dict]:
    return [
        {
            "code_indicateur": code,
            "libelle": label,
            "definition": f"Définition d'essai de l'indicateur « {label} », écrite pour les tests.",
            "unite": unit,
            "sens": sens,
            "cadence": {1: "trimestrielle", 2: "semestrielle", 4: "annuelle"}[step],
            "decimales": decimals,
            "utilite": "Sert aux tests.",
            "formule": "aucune : chiffre inventé",
            "ne_permet_pas_de_dire": "Rien de vrai.",
            "sources": "essai.producteur, essai.en_retard" if level else "",
            "limites": "Chiffres fictifs ; un effectif < 5 est masqué par le producteur & jamais remplacé.",
        }
        for code, label, unit, decimals, sens, level, step in INDICATORS
    ]


def _sources() -> list[dict]:
    return [
        {"source": "essai.producteur", "producteur": "Essai", "description": "Fichier fictif, à jour."},
        {"source": "essai.en_retard", "producteur": "Essai", "description": "Fichier fictif, en retard."},
    ]


def _freshness() -> list[dict]:
    return [
        {
            "source": source,
            "derniere_edition": "2025-12-31",
            "date_edition": dt.date(2025, 12, 31),
            "derniere_extraction": dt.datetime(2026, 1, 20, 2, 15),
            "attendue_le": expected,
            "dernier_echec": failure,
            "motif_echec": reason,
            "nb_editions": 8,
            "nb_revisions": 1,
            "periodes_manquantes": missing,
        }
        for source, expected, failure, reason, missing in [
            ("essai.producteur", dt.date(2099, 3, 31), None, None, None),
            (
                "essai.en_retard",
                dt.date(2026, 1, 31),
                dt.datetime(2026, 1, 19, 2, 15),
                "f.csv, ligne 2 : attendu un nombre ; trouvé « x ».",
                "2025-06-30",
            ),
        ]
    ]


def _known() -> list[dict]:
    """One figure, published on 10 January and changed on the 20th."""
    row = {
        "code_indicateur": "apl_mg",
        "niveau": "departement",
        "code_territoire": "01",
        "trimestre": "2025T4",
        "statut": "observe",
    }
    first, second = dt.datetime(2026, 1, 10, 2), dt.datetime(2026, 1, 20, 2)
    return [
        {**row, "valeur": 3.0, "publication": "p1", "connu_depuis": first, "connu_jusqua": second},
        {**row, "valeur": 3.5, "publication": "p2", "connu_depuis": second},
    ]


def build(path: Path, offset: float = 0.0, data_label: str = TRIAL) -> Path:
    """Write the published file at ``path``; ``offset`` is added to every value, to tell versions apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {
        "tableau_de_bord": rows_of_the_dashboard(offset, data_label),
        "catalogue_indicateurs": _catalogue(),
        "catalogue_sources": _sources(),
        "fraicheur_sources": _freshness(),
        "valeurs_connues": _known(),
    }
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA marts")
        for table, rows in tables.items():
            columns = CONTRACTS[table]
            typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"CREATE TABLE marts.{table} ({typed})")
            connection.register("lot", pa.Table.from_pylist([{**dict.fromkeys(columns), **r} for r in rows]))
            names = ", ".join(columns)
            connection.execute(f"INSERT INTO marts.{table} SELECT {names} FROM lot")
            connection.unregister("lot")
        connection.execute(history.AS_KNOWN_ON)
    return path


def publish(publication: Path, version: str, offset: float = 0.0, data_label: str = TRIAL) -> Path:
    """Publish a version and swap the link ``courante``; returns the constant path that readers open."""
    build(publication / "versions" / version / "entrepot.duckdb", offset, data_label)
    return serve(publication, version)


def serve(publication: Path, version: str) -> Path:
    """Swap the link ``courante`` to a published version."""
    link = publication / "courante"
    fresh = publication / "courante.nouvelle"
    fresh.symlink_to(Path("versions") / version)
    fresh.replace(link)
    return link / "entrepot.duckdb"
