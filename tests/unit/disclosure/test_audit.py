"""The attacker's audit of a private build: a clean one passes, each way to leak is found."""

import shutil

import duckdb
import pytest

from acces_soins import publication
from acces_soins.disclosure import audit, masked_points
from acces_soins.disclosure.audit import SUITE
from acces_soins.quality import engine
from acces_soins.quality.results import CRITICAL, EXIT, FAILED, PASSED, WARNING, as_rows
from acces_soins.quality.suites import load_suite
from secret_tables import REGIONS

INTERVAL, BEFORE = "secret_intervalle_de_protection", "secret_deja_publie"
PRODUCER = "masque_rendu_par_le_producteur"
# Two quarters of the count, and the share that shows the same count at the second.
FIRST, SECOND = "2025-09-30", "2025-12-31"
TABLES = """
create schema marts; create schema intermediaire; create schema registre;
create table marts.territoires (niveau varchar, code_territoire varchar, code_region varchar);
create table intermediaire.int_indicateurs__points (
    code_indicateur varchar, niveau varchar, code_territoire varchar, date_reference date,
    numerateur double, denominateur double, valeur double, date_extraction timestamp, contributeurs double
);
create table registre.valeurs (
    publication varchar, code_indicateur varchar, niveau varchar, code_territoire varchar, trimestre varchar,
    valeur double, numerateur double, denominateur double, statut varchar, date_reference date
);
create table registre.catalogue_indicateurs as
select 'effectif_mg_liberaux' as code_indicateur, true as additif, 'aucune' as confidentialite_regle,
    []::varchar[] as hors_champ
"""
# What the build makes of the points and of their masks, shortened.
SERIES = """
create table marts.indicateurs_trimestriels as
select
    points.* exclude (date_extraction, contributeurs) replace (
        case when statut_conf is null then valeur end as valeur,
        case when statut_conf is null then numerateur end as numerateur,
        case when statut_conf is null then denominateur end as denominateur
    ),
    null::double as borne_basse, null::double as borne_haute, null::double as evolution,
    null::double as evolution_pct, null::date as date_reference_precedente,
    year(date_reference) || 'T' || quarter(date_reference) as trimestre,
    0 as age_trimestres,
    if(statut_conf is null, 'observe', 'masque') as statut,
    if(statut_conf is null, null, 'secret') as motif,
    coalesce(statut_conf, 'libre_selon_le_seuil') as statut_conf
from intermediaire.int_indicateurs__points as points
left join masques using (code_indicateur, niveau, code_territoire, date_reference)
"""
# The checks of the suite, each with a test below that shows it failing.
CONTROLLED = {INTERVAL, BEFORE, PRODUCER}
KEEP = engine._keep
COUNT, SHARE = "nb_teleconsultations", "part_teleconsultations"
SMALL = "code_territoire = '10' and niveau = 'departement'"
BESIDES = "statut_conf = 'secret_secondaire'"


def totals(departments: dict[str, float]) -> dict[tuple[str, str], float]:
    found = {("departement", code): count for code, count in departments.items()}
    for code, count in departments.items():
        for place in (("region", REGIONS[code]), ("france", "FR")):
            found[place] = found.get(place, 0) + count
    return found


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    path = tmp_path_factory.mktemp("secret") / "entrepot.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
        places = totals(dict.fromkeys(REGIONS, 0))
        region_of = [REGIONS.get(code) if level == "departement" else None for level, code in places]
        rows = [(*place, region) for place, region in zip(places, region_of, strict=True)]
        connection.executemany("insert into marts.territoires values (?, ?, ?)", rows)
        points = []
        for day, small in ((FIRST, 40), (SECOND, 4)):
            counts = totals(dict.fromkeys(REGIONS, 100) | {"10": small, "08": 60, "22": 70})
            points += [(COUNT, *place, day, None, None, count) for place, count in counts.items()]
        points += [
            (SHARE, *place, SECOND, count, 50 * count, 100 * count / (50 * count))
            for place, count in counts.items()
        ]
        connection.executemany(
            "insert into intermediaire.int_indicateurs__points by position "
            "values (?, ?, ?, ?, ?, ?, ?, '2026-01-15', null)",
            points,
        )
        masked = masked_points(
            connection.table("intermediaire.int_indicateurs__points"),
            connection.table("marts.territoires"),
            connection.table("registre.valeurs"),
        )
        masked.create_view("masques")
        connection.execute(SERIES)
    return path


@pytest.fixture(autouse=True)
def without_docs(monkeypatch):
    """The pages take longer than the checks; one test of them all is enough."""
    monkeypatch.setattr(engine, "_keep", lambda *args: None)


@pytest.fixture
def judge(build, tmp_path):
    """The results of the audit after some SQL was run on a copy of the build."""
    path = tmp_path / "entrepot.duckdb"
    shutil.copyfile(build, path)

    def run(*statements: str):
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return {result.controle: result for result in audit(path, "nuit")}

    return run


def test_every_check_has_a_negative_control():
    assert {entry.name for entry in load_suite(SUITE)} == CONTROLLED


def test_the_audit_has_its_page_of_data_docs_in_the_run_s_folder(judge, monkeypatch):
    monkeypatch.setattr(engine, "_keep", KEEP)
    judge(LEAKS["a neighbour unmasked"])
    engine.write_docs("nuit")
    folder = engine.docs_folder("nuit")
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert "secret/chiffres_masques" in index and "territoire = 10" in index
    [page] = folder.glob("data_docs/validations/secret/chiffres_masques/**/*.html")
    assert INTERVAL in page.read_text(encoding="utf-8")


def test_a_clean_build_passes_and_masks_the_linked_share_alike(judge, build):
    results = judge()
    assert {(r.controle, r.severite, r.resultat) for r in results.values()} == {
        (INTERVAL, CRITICAL, PASSED),
        (BEFORE, WARNING, PASSED),
        (PRODUCER, WARNING, PASSED),
    }
    with duckdb.connect(str(build), read_only=True) as connection:
        masked = connection.execute(
            "select code_indicateur, code_territoire, statut_conf from marts.indicateurs_trimestriels "
            "where motif = 'secret' order by all"
        ).fetchall()
    assert masked == [
        (code, place, why)
        for code in (COUNT, SHARE)
        for place, why in (("08", "secret_secondaire"), ("10", "secret_primaire"))
    ]


LEAKS = {
    "a neighbour unmasked": f"update marts.indicateurs_trimestriels set valeur = 60 where {BESIDES}",
    "the figure in clear": f"""
        update marts.indicateurs_trimestriels set valeur = 4, motif = null
        where {SMALL} and trimestre = '2025T4' and code_indicateur = '{COUNT}'""",
    "a numerator left": f"""
        update marts.indicateurs_trimestriels set numerateur = 4
        where {SMALL} and code_indicateur = '{SHARE}'""",
    "the linked share shown": f"""
        update marts.indicateurs_trimestriels set valeur = 2, denominateur = 200, motif = null
        where {SMALL} and code_indicateur = '{SHARE}'""",
    "a carried copy": f"""
        insert into marts.indicateurs_trimestriels by name
        select * replace (4.0 as valeur, '2026T1' as trimestre, 'reporte' as statut, null as motif)
        from marts.indicateurs_trimestriels
        where {SMALL} and trimestre = '2025T4' and code_indicateur = '{COUNT}'""",
    "the change of the next quarter": f"""
        insert into marts.indicateurs_trimestriels by name
        select * replace (
            '2026-03-31'::date as date_reference, 30.0 as valeur, 26.0 as evolution, null as motif,
            date_reference as date_reference_precedente, '2026T1' as trimestre, 'observe' as statut)
        from marts.indicateurs_trimestriels
        where {SMALL} and trimestre = '2025T4' and code_indicateur = '{COUNT}'""",
    "its own change": f"""
        update marts.indicateurs_trimestriels set evolution = -36, date_reference_precedente = '{FIRST}'
        where {SMALL} and trimestre = '2025T4' and code_indicateur = '{COUNT}'""",
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_each_way_to_leak_is_critical(judge, leak):
    result = judge(leak)[INTERVAL]
    assert (result.severite, result.passed) == (CRITICAL, False)
    small = {
        "code_indicateur": COUNT,
        "niveau": "departement",
        "code_territoire": "10",
        "trimestre": "2025T4",
    }
    assert small in result.exemples
    assert "Ne pas publier" in result.phrase
    # The operator reads the cells; what is published of the check has only its verdict.
    (row,) = as_rows([result], EXIT)
    public = publication._check_row(row)
    assert "territoire = " in result.phrase
    assert list(public.values())[6:] == [publication.RESERVED, FAILED, "[]"]


def test_what_was_published_before_warns_and_does_not_stop(judge):
    results = judge(f"insert into registre.valeurs values {given('v1', '08', 60)}")
    assert results[INTERVAL].passed
    assert (results[BEFORE].severite, results[BEFORE].passed) == (WARNING, False)


def test_an_earlier_figure_that_was_revised_since_gives_nothing(judge):
    results = judge(f"insert into registre.valeurs values {given('v1', '08', 59)}")
    assert results[BEFORE].passed


def before(**other: float | None) -> str:
    """What the first publication gave of the région 44, as SQL: today's figures but those."""
    counts = {"51": 100, "52": 100, "54": 100, "10": None, "08": None, "44": 364} | {
        name.removeprefix("d"): count for name, count in other.items()
    }
    rows = [
        given("v1", place, n, "region" if place == "44" else "departement") for place, n in counts.items()
    ]
    return f"insert into registre.valeurs values {', '.join(rows)}"


def test_a_sum_that_a_correction_changed_elsewhere_gives_nothing_more(judge):
    """51 was corrected since, and the région with it: what they leave 10 and 08 is 64 then as now."""
    assert judge(before())[BEFORE].passed
    assert judge(before(d51=30, d44=294))[BEFORE].passed


def test_a_superseded_sum_that_opens_a_mask_of_today_is_told(judge):
    """08 was shown before it was corrected: the région of that day less its others is 10, still masked."""
    result = judge(before(d08=45, d44=349))[BEFORE]
    assert (result.severite, result.passed) == (WARNING, False)
    assert {example["code_territoire"] for example in result.exemples} == {"08", "10"}


def test_a_small_count_that_became_another_small_count_is_found_with_the_first(judge):
    """10 was 5 then, which 08 does not hide; it is 4 now: who finds the one is too close to the other."""
    assert not judge(before(d08=45, d44=350))[BEFORE].passed


def test_a_sum_of_which_a_part_was_not_published_yet_gives_nothing(judge):
    assert judge(
        before(d08=45, d44=349),
        "delete from registre.valeurs where code_territoire = '52'",
    )[BEFORE].passed


def given(publication: str, place: str, count: float | None, level: str = "departement") -> str:
    """A row of the register of values, as SQL."""
    value = "null" if count is None else count
    key = f"'{publication}', '{COUNT}', '{level}', '{place}', '2025T4'"
    return f"({key}, {value}, null, null, 'observe', '{SECOND}')"


def test_a_mask_that_its_producer_gives_away_is_named_and_does_not_stop(judge):
    result = judge(
        f"""
        insert into marts.indicateurs_trimestriels by name
        select 'effectif_mg_liberaux' as code_indicateur, niveau, code_territoire,
            '{SECOND}'::date as date_reference,
            if({SMALL}, null, 9)::double as valeur, '2025T4' as trimestre, 0 as age_trimestres,
            if({SMALL}, 'masque', 'observe') as statut, if({SMALL}, 'NS', null) as motif
        from marts.territoires"""
    )[PRODUCER]
    assert (result.severite, result.passed) == (WARNING, False)
    assert [example["code_territoire"] for example in result.exemples] == ["10"]


def test_a_share_without_its_count_is_masked_because_nothing_says_that_it_is_safe(build):
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build}' as b (read_only)")
        masques = masked_points(
            connection.sql(
                "select * replace (null::double as numerateur) from b.intermediaire.int_indicateurs__points "
                f"where code_indicateur = '{SHARE}' and niveau = 'france'"
            ),
            connection.sql("select * from b.marts.territoires"),
            connection.sql("select * from b.registre.valeurs"),
        )
        told = masques.project("statut_conf").fetchall()
    assert told == [("secret_sans_effectif",)]
