"""A small published warehouse for tests: the columns of the marts, obviously fictitious values."""

import csv
import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa

from acces_soins import history
from acces_soins.contracts import readable_contracts
from acces_soins.dashboards import TERRITORIES

# table -> column -> type, as dbt's YAML declares the published marts.
CONTRACTS = readable_contracts()

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
        "theme": "accessibilite" if "apl" in code else "offre",
        "nature": _nature(code, decimals),
        "libelle_complet": _full_name(territory),
        "periode": period(QUARTERS[index]),
        "est_dernier_chiffre": index == len(QUARTERS) - 1,
        "valeur_texte": None if value is None else french(value, decimals),
        "unite_texte": f"\u00a0{unit}",
        "evolution_texte": None if change is None else _change(change, decimals, unit),
        "jugement": None if change is None else _judgement(change, decimals, sens),
        "est_comparable": _nature(code, decimals) != "nombre",
        "position": {"departement": "semblable"}.get(territory["niveau"]) if visible else None,
        "tendance": "stable" if visible else None,
        "cible": 2.0 if code == "taux_ald_sans_mt" and territory["niveau"] == "france" else None,
        "ordre_vedette": [indicator[0] for indicator in INDICATORS].index(code) + 1,
    }


def french(number: float, decimals: int) -> str:
    """A number as the pages write it, without its sign."""
    return f"{abs(number):,.{decimals}f}".replace(",", "\u202f").replace(".", ",")


def _nature(code: str, decimals: int) -> str:
    return "nombre" if decimals == 0 and "moyen" not in code else "moyenne"


def _full_name(territory: dict) -> str:
    name = territory["libelle_territoire"]
    names = {"france": "France", "region": f"Région {name}"}
    return names.get(territory["niveau"], f"{territory['code_territoire']} – {name}")


def period(quarter: str) -> str:
    """« 4e trimestre 2025 »."""
    return f"{quarter[5]}{'er' if quarter[5] == '1' else 'e'} trimestre {quarter[:4]}"


def _change(change: float, decimals: int, unit: str) -> str:
    if round(change, decimals) == 0:
        return "stable"
    one = abs(round(change, decimals)) < 2
    words = {"%": "\u00a0point" if one else "\u00a0points"}.get(
        unit, "" if " " in unit else f"\u00a0{unit.rstrip('s') if one else unit}"
    )
    return f"{'+' if change > 0 else '−'}{french(change, decimals)}{words}"


def _judgement(change: float, decimals: int, sens: str) -> str:
    if round(change, decimals) == 0 or sens == "neutre":
        return "neutre"
    return "favorable" if (change > 0) == (sens == "hausse") else "defavorable"


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
            "nature": _nature(code, decimals),
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


def _figures(rows: list[dict]) -> list[dict]:
    """``tableau_chiffres``: of each indicator and territory its last quarter, ready to read."""
    return [
        {
            **row,
            "libelle_theme": "Offre de soins",
            "raison": row["libelle_motif"] and row["libelle_motif"][0].lower() + row["libelle_motif"][1:],
            "valeur_france_texte": row["valeur_texte"],
            "cible_texte": "2,0" if row["cible"] else None,
            "echeance": dt.date(2025, 12, 31) if row["cible"] else None,
            "distance_texte": "reste 0,5\u00a0point" if row["cible"] else None,
            "progression_pct": 40.0 if row["cible"] else None,
            "etat_cible": "en_cours" if row["cible"] else None,
        }
        for row in rows
        if row["est_dernier_chiffre"]
    ]


def _measures(figures: list[dict]) -> list[dict]:
    shown = ("nb_msp", "delai_moyen_acces_specialistes")
    return [
        {
            **figure,
            "ordre": order,
            "mesure": "Mesure d'essai",
            "promesse": "Rien : mesure inventée",
            "est_sans_source_ouverte": figure["valeur"] is None,
            "nb_departements": 101 if figure["valeur"] else 0,
        }
        for order, figure in enumerate(figures, 1)
        if figure["niveau"] == "france" and figure["code_indicateur"] in shown
    ]


def _paths() -> list[dict]:
    lines = (("France, chiffre observé", "observé"), ("40 au 31/12/2025, chiffre visé", "chemin"))
    return [
        {
            "code_indicateur": "nb_msp",
            "libelle_indicateur": "Maisons de santé pluriprofessionnelles (structures)",
            "trimestre": quarter,
            "serie": line,
            "nature": nature,
            "valeur": 20.0 + index,
            "ordre": 2,
        }
        for line, nature in lines
        for index, quarter in enumerate(QUARTERS)
    ]


def _coverage(rows: list[dict]) -> list[dict]:
    last = [row for row in rows if row["niveau"] == "departement" and row["est_dernier_chiffre"]]
    counts = {}
    for row in last:
        counts.setdefault(row["code_indicateur"], []).append(row)
    names = ("observe", "provisoire", "estime", "reporte", "perime", "masque", "non_disponible", "hors_champ")
    return [
        {
            **group[0],
            "nb_departements": len(group),
            "nb_affichables": sum(row["valeur"] is not None for row in group),
            **{f"nb_{name}": sum(row["statut"] == name for row in group) for name in names},
            "raisons": group[0]["libelle_motif"],
        }
        for group in counts.values()
    ]


def _departements() -> list[dict]:
    return [t for t in _territories() if t["niveau"] == "departement"]


def _spread() -> list[dict]:
    return [
        {
            **territory,
            "date_reference": dt.date(2024, 12, 31),
            "nb_communes": 3,
            "population": 1000.0,
            "apl_p10": 2.0,
            "apl_mediane": 3.0,
            "apl_p90": 4.0,
            "part_pop_apl_inf_2_5": 25.0,
            "apl_min": 1.0,
            "libelle_commune_min": "Commune d'essai A",
            "apl_max": 5.0,
            "libelle_commune_max": "Commune d'essai B",
        }
        for territory in _departements()
        if territory["code_territoire"] != "976"
    ]


def _distribution() -> list[dict]:
    return [
        {
            **territory,
            "date_reference": dt.date(2024, 12, 31),
            "borne_basse": bound,
            "classe": f"dès {french(bound, 1)}",
            "est_sous_le_seuil": bound < 2.5,
            "nb_communes": 1,
            "population": 250.0,
            "part_pct": 25.0,
            "est_dernier_millesime": True,
        }
        for territory in _territories()
        if territory["code_territoire"] not in ("976", "06") or territory["niveau"] != "departement"
        for bound in (1.5, 2.0, 2.5, 3.0)
    ]


def _alike() -> list[dict]:
    codes = [t["code_territoire"] for t in _departements()]
    names = {t["code_territoire"]: t["libelle_territoire"] for t in _departements()}
    return [
        {
            "code_departement": code,
            "rang": rank,
            "code_semblable": (other := codes[(position + rank) % len(codes)]),
            "libelle_semblable": names[other],
            "distance": float(rank),
        }
        for position, code in enumerate(codes)
        for rank in range(1, 6)
    ]


def _verdicts() -> list[dict]:
    return [
        {
            "id": f"essai_{verdict}",
            "document": "Document d'essai",
            "citation": "une phrase inventée",
            "mesure": "Rien de vrai",
            "verdict": verdict,
            "raison": "Affirmation fictive.",
        }
        for verdict in ("confirmee", "contredite", "inverifiable", "autre_champ")
    ]


def _checks() -> list[dict]:
    common = {
        "run": "essai",
        "frontiere": "sortie",
        "suite": "publication/essai",
        "attendu": "rien d'inventé",
        "observe": "tout l'est",
        "exemples": "[]",
    }
    return [
        {**common, "controle": "cle_unique", "severite": "critique", "resultat": "reussi"},
        {
            **common,
            "controle": "variation_inhabituelle__nb_msp",
            "severite": "avertissement",
            "resultat": "echoue",
        },
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


def _targets() -> list[dict]:
    """One target that is followed, one whose date has gone by, one for each département."""
    common = {"nature": "valeur", "titre_document": "Document d'essai", "citation": "une phrase inventée"}
    france = {**common, "niveau": "france", "code_territoire": "FR", "code_indicateur": "taux_ald_sans_mt"}
    return [
        {**france, "cible": 2.0, "echeance": dt.date(2025, 12, 31), "document": "essai"},
        {**france, "cible": 5.0, "echeance": dt.date(2023, 12, 31), "document": "essai_ancien"},
        *(
            {**common, **territory, "code_indicateur": "nb_msp", "cible": 1.0, "document": "essai"}
            for territory in _departements()
        ),
    ]


def _calendar() -> list[dict]:
    return [
        {
            "publication": f"{quarter}-r0",
            "trimestre": quarter,
            "nature": "publication",
            "date_prevue": day,
            "etat": state,
            "date_publication": day if state == "figee" else None,
        }
        for quarter, day, state in (
            ("2025T3", dt.date(2025, 11, 20), "figee"),
            ("2025T4", dt.date(2099, 2, 19), "confirmee"),
        )
    ]


def _tables(rows: list[dict], for_pages: bool) -> dict[str, list[dict]]:
    """Table -> rows; those that only the dashboards read are left out of other tests' publications."""
    tables = {
        "tableau_de_bord": rows,
        "catalogue_indicateurs": _catalogue(),
        "catalogue_sources": _sources(),
        "fraicheur_sources": _freshness(),
        "valeurs_connues": _known(),
    }
    if not for_pages:
        return tables
    figures = _figures(rows)
    return tables | {
        "tableau_chiffres": figures,
        "tableau_mesures": _measures(figures),
        "tableau_trajectoires": _paths(),
        "tableau_couverture": _coverage(rows),
        "repartition_apl": _distribution(),
        "dispersion_apl": _spread(),
        "departements_semblables": _alike(),
        "territoires": _territories(),
        "comparaisons": [row for row in rows if row["niveau"] == "france"],
        "revisions": [],
        "indicateurs_trimestriels": rows,
        "objectifs": _targets(),
        "calendrier": _calendar(),
        "affirmations": _verdicts(),
        "qualite": _checks(),
    }


def build(path: Path, offset: float = 0.0, data_label: str = TRIAL, for_pages: bool = False) -> Path:
    """Write the published file at ``path``; ``offset`` is added to every value, to tell versions apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = _tables(rows_of_the_dashboard(offset, data_label), for_pages)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA marts")
        for table, rows in tables.items():
            columns = CONTRACTS[table]
            typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"CREATE TABLE marts.{table} ({typed})")
            if not rows:
                continue
            kept = [{name: row.get(name) for name in columns} for row in rows]
            connection.register("lot", pa.Table.from_pylist(kept))
            connection.execute(f"INSERT INTO marts.{table} SELECT {', '.join(columns)} FROM lot")
            connection.unregister("lot")
        if for_pages:
            (path.parent / "fichiers").mkdir()
            for table in ("tableau_de_bord", "indicateurs_trimestriels"):
                for kind in ("parquet", "csv"):
                    file = path.parent / "fichiers" / f"{table}.{kind}"
                    connection.execute(f"COPY marts.{table} TO '{file}' (FORMAT {kind})")
        connection.execute(history.AS_KNOWN_ON)
    return path


def publish(publication: Path, version: str, offset: float = 0.0, data_label: str = TRIAL) -> Path:
    """Publish a version and swap the link ``courante``; returns the constant path that readers open."""
    build(publication / "versions" / version / "entrepot.duckdb", offset, data_label, for_pages=True)
    return serve(publication, version)


def serve(publication: Path, version: str) -> Path:
    """Swap the link ``courante`` to a published version."""
    link = publication / "courante"
    fresh = publication / "courante.nouvelle"
    fresh.symlink_to(Path("versions") / version)
    fresh.replace(link)
    return link / "entrepot.duckdb"
