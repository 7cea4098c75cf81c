"""Confidential deposits through the build: what is published gives no masked count back."""

import csv
import datetime as dt
import shutil
from dataclasses import dataclass

import duckdb
import pytest

from acces_soins import disclosure, history, publication, steps, versioning, warehouse
from acces_soins.catalog import get_source, load_indicators
from acces_soins.deposits import Deposit
from acces_soins.disclosure.producer_masks import children_of
from acces_soins.settings import get_settings
from acces_soins.trial.layouts import extract

pytestmark = pytest.mark.xdist_group("secret")

SOLIDARITY, PARTNERS = "ministere.solidarite_territoriale", "partenaires.indicateurs"
QUARTERLY, ANNUAL = "nb_consultations_solidarite", "nb_consultations_solidarite_annuel"
COUNT, SHARE = "nb_teleconsultations", "part_teleconsultations"
# When the partner has given each quarter of the year.
QUARTERS_OF_2025 = [dt.date(2025, 6, 22), dt.date(2025, 9, 22), dt.date(2025, 12, 22), dt.date(2026, 3, 22)]
INTERVAL = "secret_intervalle_de_protection"
PUBLISHED = f"""
select code_indicateur, niveau, code_territoire, trimestre, valeur, numerateur, denominateur, motif
from marts.indicateurs_trimestriels
where code_indicateur in ('{QUARTERLY}', '{ANNUAL}', '{COUNT}', '{SHARE}')
    and (age_trimestres = 0) and (valeur is not null or motif = 'secret')
"""
REGIONS = "select code_territoire, code_region from marts.territoires where niveau = 'departement' order by 1"


@dataclass(frozen=True)
class Build:
    """A private build and what its compiled models say."""

    database: object

    def without_secondary_masks(self, copy):
        """The same build, had nothing but the counts under the threshold been masked."""
        shutil.copyfile(self.database, copy)
        compiled = self.database.parent / "dbt" / "compiled"
        with duckdb.connect(str(copy)) as connection:
            connection.execute(
                "delete from intermediaire.int_indicateurs__masques where statut_conf = 'secret_secondaire'"
            )
            for schema, model in (
                ("intermediaire", "int_indicateurs__series"),
                ("marts", "indicateurs_trimestriels"),
            ):
                [path] = compiled.rglob(f"{model}.sql")
                query = path.read_text(encoding="utf-8")
                connection.execute(f"create or replace table {schema}.{model} as {query}")
        return copy


def deposit_quarters(days):
    """The trial extracts of the ministry, as the partner would have left them on these days."""
    for day in days:
        shown = extract(get_source(SOLIDARITY), day)
        leave(SOLIDARITY, shown.edition, shown.bytes)


def leave(source_id, edition, content):
    path = get_settings().root / "a_deposer" / f"{edition}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    steps.deposit(Deposit(source_id, path, edition))


def teleconsultations(small):
    """A partner's counts and shares at every level, essai: some départements have very few."""
    with (warehouse.DBT_PROJECT / "seeds" / "ref_territoires.csv").open(encoding="utf-8") as stream:
        places = list(csv.DictReader(stream))
    counts = {}
    for rank, place in enumerate(p for p in places if p["niveau"] == "departement"):
        count = small.get(place["code_territoire"], 400 + 37 * rank)
        for key in (
            ("departement", place["code_territoire"]),
            ("region", place["code_region"]),
            ("france", "FR"),
        ):
            counts[key] = counts.get(key, 0) + count
    lines = [
        "code_indicateur;niveau;code_territoire;date_reference;numerateur;denominateur;valeur;statut;source_url"
    ]
    for (level, place), count in counts.items():
        where = f"{level};{place};2025-12-31"
        lines.append(f"{COUNT};{where};;;{count};observe;https://example.org/essai")
        lines.append(f"{SHARE};{where};{count};{25 * count};4;observe;https://example.org/essai")
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """One build of the whole project on confidential deposits alone."""
    folder = tmp_path_factory.mktemp("secret")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCES_SOINS_DONNEES", str(folder / "donnees"))
        patch.setenv("ACCES_SOINS_DATE", "2026-04-22")
        get_settings.cache_clear()
        deposit_quarters(QUARTERS_OF_2025)
        leave(PARTNERS, "2025-12-31", teleconsultations({"2A": 4, "976": 7, "48": 3}))
        database = warehouse.build(folder / "construction", versioning.current_inputs(), data_tests=False)
    get_settings.cache_clear()
    return Build(database)


def recovered(database):
    """Masked counts that subtractions give, one after the other: (code, level, place, quarter) → count.

    What any reader can do with the published table: a région less its other départements, a year less its
    other quarters, a share times its denominator.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(PUBLISHED).fetchall()
        children = children_of(dict(connection.execute(REGIONS).fetchall()))
    known, masked = {}, set()
    for code, level, place, quarter, value, numerator, denominator, reason in rows:
        key = (COUNT if code == SHARE else code, level, place, quarter)
        if code == SHARE:
            share = value * denominator / 100 if value is not None and denominator is not None else None
            value = numerator if numerator is not None else share
        if reason == "secret":
            masked.add(key)
        if value is not None:
            known[key] = value
    cells = known.keys() | masked
    sums = [
        [(code, *total, quarter), *((code, *part, quarter) for part in parts)]
        for code in (QUARTERLY, ANNUAL, COUNT)
        for quarter in {key[3] for key in cells}
        for total, parts in children.items()
    ]
    sums += [
        [year, *((QUARTERLY, *year[1:3], f"2025T{number}") for number in range(1, 5))]
        for year in cells
        if year[0] == ANNUAL
    ]
    sums = [terms for terms in sums if cells.issuperset(terms)]
    while True:
        found = {
            missing[0]: abs(known.get(total, 0) - sum(known.get(part, 0) for part in parts))
            for total, *parts in sums
            if len(missing := [term for term in (total, *parts) if term not in known]) == 1
        }
        if not found:
            return {key: value for key, value in known.items() if key in masked}
        known |= found


def verdict(database):
    return {result.controle: result for result in disclosure.audit(database, "essai")}[INTERVAL]


def test_the_published_table_gives_no_masked_count_back(build):
    with duckdb.connect(str(build.database), read_only=True) as connection:
        masks = connection.execute(
            "select code_indicateur, statut_conf, count(*) from marts.indicateurs_trimestriels "
            "where motif = 'secret' and age_trimestres = 0 group by all"
        ).fetchall()
    assert {(code, why) for code, why, _ in masks} >= {
        (code, why) for code in (QUARTERLY, COUNT, SHARE) for why in ("secret_primaire", "secret_secondaire")
    }
    assert recovered(build.database) == {}
    assert verdict(build.database).passed


def test_a_masked_quarter_is_beside_its_year_and_two_unknowns(build):
    """Not for want of anything to subtract: years are published beside masked quarters."""
    with duckdb.connect(str(build.database), read_only=True) as connection:
        unknowns = connection.execute(
            f"""
            select count(*) filter (trimestres.motif = 'secret') + any_value((annees.valeur is null)::int)
            from marts.indicateurs_trimestriels as annees
            inner join marts.indicateurs_trimestriels as trimestres using (niveau, code_territoire)
            where annees.code_indicateur = '{ANNUAL}' and annees.trimestre = '2025T4'
                and annees.age_trimestres = 0 and trimestres.code_indicateur = '{QUARTERLY}'
                and trimestres.trimestre like '2025T%'
            group by niveau, code_territoire
            having bool_or(trimestres.motif = 'secret')
            """
        ).fetchall()
    assert unknowns and min(count for (count,) in unknowns) >= 2


def test_a_masked_count_has_neither_its_share_nor_a_part_of_it(build):
    with duckdb.connect(str(build.database), read_only=True) as connection:
        rows = connection.execute(
            f"""
            select niveau, code_territoire, array_agg(distinct motif), max(valeur), max(numerateur),
                max(denominateur)
            from marts.indicateurs_trimestriels
            where code_indicateur in ('{COUNT}', '{SHARE}') and trimestre = '2025T4'
            group by all having bool_or(motif = 'secret') order by all
            """
        ).fetchall()
    assert ("departement", "2A", ["secret"], None, None, None) in rows
    assert {tuple(reasons) for _, _, reasons, *_ in rows} == {("secret",)}


def test_the_acts_of_fewer_than_three_doctors_are_masked_however_many(build):
    text = extract(get_source(SOLIDARITY), QUARTERS_OF_2025[-1]).bytes.decode("utf-8-sig")
    few = {
        row["departement"]
        for row in csv.DictReader(text.splitlines(), delimiter=";")
        if int(row["nb_medecins"]) < 3 and int(row["nb_consultations"]) >= 11
    }
    with duckdb.connect(str(build.database), read_only=True) as connection:
        masked = connection.execute(
            "select code_territoire from marts.indicateurs_trimestriels "
            f"where code_indicateur = '{QUARTERLY}' and niveau = 'departement' and trimestre = '2025T4' "
            "and statut_conf = 'secret_contributeurs' and valeur is null"
        ).fetchall()
    assert few and {code for (code,) in masked} == few


def test_without_secondary_masks_subtractions_and_the_audit_find_counts(build, tmp_path):
    bare = build.without_secondary_masks(tmp_path / warehouse.DATABASE)
    found = recovered(bare)
    assert found[COUNT, "departement", "48", "2025T4"] == 3
    assert {code for code, *_ in found} >= {QUARTERLY, COUNT}
    failed = verdict(bare)
    assert not failed.passed and failed.severite == "critique" and failed.reserve
    assert {
        "code_indicateur": COUNT,
        "niveau": "departement",
        "code_territoire": "48",
        "trimestre": "2025T4",
    } in (failed.exemples)


@pytest.mark.long
def test_a_figure_published_then_covered_is_not_given_again(build, use_settings):
    """A later deposit of the same quarter falls under the threshold: the past is withdrawn, and says so."""
    use_settings(date="2026-04-22")
    leave(PARTNERS, "2025-12-31", teleconsultations({}))
    night = steps.open_night()
    steps.build(night)
    first = publish(night)
    leave(PARTNERS, "2025-12-31-corrige-2026-01-31", teleconsultations({"48": 3}))
    night = steps.open_night()
    steps.build(night)
    results = {
        r.controle: r for r in disclosure.audit(warehouse.work_folder(night) / warehouse.DATABASE, night)
    }
    assert results[INTERVAL].passed
    second = publish(night)
    with duckdb.connect(str(get_settings().published_warehouse), read_only=True) as connection:
        known = connection.execute(
            f"select publication, valeur, statut, statut_conf from marts.valeurs_connues "
            f"where code_indicateur = '{COUNT}' and niveau = 'departement' and code_territoire = '48' "
            f"and trimestre = '2025T4' order by connu_depuis"
        ).fetchall()
        told = connection.execute(
            f"select ancienne, nouvelle, raison, statut_ancien from marts.revisions "
            f"where code_indicateur = '{COUNT}' and niveau = 'departement' and code_territoire = '48' "
            f"and trimestre = '2025T4'"
        ).fetchall()
    assert known == [
        (first, None, "masque", "secret_apres_publication"),
        (second, None, "masque", "secret_primaire"),
    ]
    assert told == [(None, None, "secret", "observe")]
    # The register, which no reader sees, has not lost it.
    kept = duckdb.sql(
        f"select valeur from read_parquet('{history.recorded_file(first)}') "
        f"where code_indicateur = '{COUNT}' "
        "and niveau = 'departement' and code_territoire = '48' and trimestre = '2025T4'"
    ).fetchall()
    assert len(kept) == 1 and kept[0][0] > 11


def publish(night):
    database = warehouse.work_folder(night) / warehouse.DATABASE
    version = publication.publish(
        database, versioning.current_inputs(), warehouse.published_relations(), [], night
    )
    history.record(version)
    return version["version"]


def test_every_count_of_a_year_names_its_quarters():
    """The annual indicator of the catalogue is tied to the quarterly one, and the share to its count."""
    rules = {code: i.meta["confidentialite"] for code, i in load_indicators().items()}
    assert rules[ANNUAL]["total_annuel_de"] == QUARTERLY
    assert rules[SHARE]["meme_effectif_que"] == COUNT
