"""A data test that never fails proves nothing: each one sees the fault that it is there for."""

import csv
import datetime as dt
import io
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from acces_soins import landing, versioning, warehouse
from acces_soins.catalog import get_source, load_sources
from acces_soins.errors import BuildFailed
from acces_soins.settings import PROJECT
from acces_soins.trial import rows as trial_rows
from acces_soins.trial.layouts import DIALECTS, extract
from acces_soins.trial.periods import last_period

pytestmark = pytest.mark.xdist_group("dbt")

AS_OF = dt.date(2026, 11, 22)
SHEET = "BASECOM_URGENCES_2019"


def rows_of(source):
    if source.format == "classeur":
        shown = trial_rows.rows(source, last_period(source, AS_OF))
        return [{"_feuille": SHEET} | {name: str(cell) for name, cell in row.items()} for row in shown]
    text = extract(source, AS_OF).bytes.decode("utf-8-sig")
    found = csv.DictReader(io.StringIO(text, newline=""), delimiter=DIALECTS[source.protocol].delimiter)
    return [{name: cell or None for name, cell in row.items()} for row in found]


def where(rows, **values):
    return next(row for row in rows if values.items() <= row.items())


def one_too_many(column, **values):
    """Fault: one more in the total of France."""

    def change(rows):
        row = where(rows, region="99", **values)
        row[column] = str(int(row[column]) + 1)

    return change


def setting(column, value, **values):
    def change(rows):
        where(rows, **values)[column] = value

    return change


def mended(rows):
    """Fault: the producer has mended what a line of ref_corrections corrects."""
    with (PROJECT / "dbt_project/seeds/ref_corrections.csv").open(encoding="utf-8", newline="") as stream:
        known = next(csv.DictReader(stream))
    sheet, code = known["cle"].split("|")
    new = {"_feuille": sheet, "code_commune": code, known["colonne"]: known["nouvelle_valeur"]}
    rows.append(rows[0] | new)


# source → (fault, beginning of the name of the data test that must see it)
WARNINGS = {
    "ameli.primo_installes_annuelle": (
        one_too_many("effectif_primo_installe", annee="2024"),
        "totaux_territoriaux_stg_ameli__primo_installes_annuelle_",
    ),
    "ameli.demographie_secteurs_conventionnels": (
        setting("libelle_secteur_conventionnel", "secteur inventé", region="99", annee="2024"),
        "secteurs_connus",
    ),
    "ameli.patients_longueduree_annuelle": (
        setting("taux_patients_ald_sans_mt", "60,0", departement="999", region="84", annee="2024"),
        "totaux_territoriaux_stg_ameli__patients_longueduree_annuelle_",
    ),
    "ameli.zones_sous_dotees_annuelle": (
        setting("profession_sante", "Médecins généralistes (nouveau libellé)", departement="01"),
        "libelle_connu_stg_ameli__zones_sous_dotees_annuelle_",
    ),
    "ameli.medecins_optam_annuelle": (
        setting("taux_adhesion_integer", "0.454", departement="01", annee="2024"),
        "source_jumeau_concordant_ameli_medecins_optam_annuelle_taux_adhesion",
    ),
    "drees.diagnostic_acces_urgences": (mended, "corrections_encore_attendues"),
    "cnam.couverture_cpts": (
        setting("population_couverte", "9000000", departement="01"),
        "cpts_population_couverte",
    ),
}
FAILURES = {
    "ministere.zones_rouges": (
        setting("date_fin", "2020-01-01", siren_epci="299900000"),
        "periode_ordonnee_stg_ministere__zones_rouges_",
    ),
    "ameli.couverture_sas_annuelle": (
        setting("departement", "20", departement="2A"),
        "territoires_connus_stg_ameli__couverture_sas_annuelle_",
    ),
}


@dataclass(frozen=True)
class Landed:
    """As much of a manifest as a build reads."""

    table: Path
    edition: str
    sha256: str = "essai"
    fetched_at: str = "2026-11-22T03:00:00+00:00"


def land(source, rows, folder):
    path = folder / f"{source.id}.json"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    table = path.with_suffix(".parquet")
    types = {name: "varchar" for name in rows[0]}
    duckdb.read_json(str(path), columns=types).write_parquet(str(table))
    return Landed(table, extract(source, AS_OF).edition)


def built(folder, monkeypatch, faults, broken=True):
    """Data tests that did not pass, by name, on the trial extracts with (or without) their faults."""
    landed = {}
    for source_id, (change, _) in faults.items():
        source = get_source(source_id)
        rows = rows_of(source)
        if broken:
            change(rows)
        landed[source_id] = [land(source, rows, folder)]
    monkeypatch.setattr(landing, "counting", lambda source: landed.get(source.id, []))
    # The failures are read below, with the warnings.
    with suppress(BuildFailed):
        warehouse.build(folder / "build", versioning.current_inputs())
    results = json.loads((folder / "build/dbt/run_results.json").read_text())["results"]
    return {
        r["unique_id"].split(".")[2]: r["status"] for r in results if r["status"] not in ("success", "pass")
    }


def test_the_trial_extracts_pass_every_data_test(tmp_path, monkeypatch):
    assert built(tmp_path, monkeypatch, WARNINGS | FAILURES, broken=False) == {}


def test_each_fault_is_seen_by_its_data_test(tmp_path, monkeypatch):
    found = built(tmp_path, monkeypatch, WARNINGS | FAILURES)
    for faults, status in ((WARNINGS, "warn"), (FAILURES, "fail")):
        for source_id, (_, name) in faults.items():
            seen = {found[each] for each in found if each.startswith(name)}
            assert seen == {status}, f"{source_id}: {name} ({found})"


def test_the_revisions_speak_of_every_barometer():
    text = (PROJECT / "dbt_project/models/intermediate/int_barometre__revisions.sql").read_text()
    tables = [s.table for s in load_sources().values() if s.producer == "ditp"]
    assert [name for name in tables if f"'{name.removeprefix('barometre_')}'" not in text] == []
