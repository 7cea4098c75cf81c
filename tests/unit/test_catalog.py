"""The catalogues: dates of editions, what every contract and every indicator must say."""

import datetime as dt
import re

import duckdb
import pytest

from acces_soins.catalog import (
    CADENCES_DAYS,
    edition_date,
    get_source,
    load_indicators,
    load_sources,
)
from acces_soins.disclosure.rules import RULES
from acces_soins.errors import ConfigurationError


@pytest.mark.parametrize(
    ("edition", "date"),
    [
        ("2024", dt.date(2024, 12, 31)),
        ("2026-02", dt.date(2026, 2, 28)),
        ("2025-06-30", dt.date(2025, 6, 30)),
        ("1975-2024", dt.date(2024, 12, 31)),
        ("2015-2023-echantillon", dt.date(2023, 12, 31)),
        ("2024-02-07", dt.date(2024, 2, 7)),
    ],
)
def test_an_edition_is_dated_by_the_end_of_its_period(edition, date):
    assert edition_date(edition) == date


def test_the_contract_may_say_which_day_of_its_year_an_edition_speaks_of():
    source = get_source("insee.cog_communes")
    assert source.date_of("2026") == dt.date(2026, 1, 1)
    assert source.expected_on("2026") == dt.date(2027, 3, 7)
    assert get_source("ameli.patients_longueduree_annuelle").date_of("2024") == dt.date(2024, 12, 31)


def test_an_edition_without_a_date_is_refused():
    with pytest.raises(ConfigurationError, match="aucune date"):
        edition_date("derniere")


def test_sql_dates_editions_as_python_does():
    macro = (
        "coalesce(try_cast(regexp_extract(e, '(\\d{4}-\\d{2}-\\d{2})$', 1) as date), "
        "last_day(try_cast(regexp_extract(e, '^(\\d{4}-\\d{2})$', 1) || '-01' as date)), "
        "try_cast(regexp_extract(e, '(\\d{4})$', 1) || '-12-31' as date))"
    )
    for edition in ("2024", "2026-02", "2025-06-30", "1975-2024"):
        answer = duckdb.execute(f"select {macro} from (select ? as e)", [edition]).fetchone()[0]
        assert answer == edition_date(edition)


def test_an_unknown_source_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"ameli\.patients_longueduree_annuelle"):
        get_source("ameli.rien")


@pytest.mark.parametrize("source", load_sources().values(), ids=lambda source: source.id)
def test_a_contract_is_whole(source):
    names = {column.name for column in source.columns} | {"_feuille", "_ligne"}
    assert set(source.key) <= names
    assert {"protocole", "format", "cadence", "delai_attendu_jours", "edition", "editions_lues",
            "lignes_minimum", "archivage"} <= set(source.meta)  # fmt: skip
    if dated := source.meta["edition"].get("date"):
        assert source.column(dated).mandatory
    assert source.portal.startswith("https://")
    assert source.description
    for column in source.columns:
        assert column.description, column.name
        if column.pattern:
            assert column.pattern.startswith("^") and column.pattern.endswith("$"), column.name
            re.compile(column.pattern)


# What a figure is decides which interval judges it and how its pace is told (CONTRIBUTING).
NATURES = ("nombre", "densite", "proportion", "part_territoriale", "moyenne", "marque")


@pytest.mark.parametrize("indicator", load_indicators().values(), ids=lambda indicator: indicator.code)
def test_an_indicator_is_documented(indicator):
    meta = indicator.meta
    for name in ("libelle", "definition", "utilite", "formule", "unite", "limites", "ne_permet_pas_de_dire",
                 "redige_par", "prochaine_revue", "version_methode"):  # fmt: skip
        assert meta[name], name
    assert meta["sens"] in ("hausse", "baisse", "neutre")
    assert isinstance(meta["additif"], bool)
    assert meta["nature"] in NATURES
    assert meta.get("denominateur_de", indicator.code) in load_indicators()
    assert meta["bornes"][0] < meta["bornes"][1]
    assert set(meta["sources"]) <= set(load_sources())
    # Of a share, a change is told in points: per cent of a small share mean nothing.
    alert = "variation_alerte_points" if meta["unite"] == "%" else "variation_alerte_pct"
    assert [name for name in meta if name.startswith("variation_alerte")] == [alert]
    assert meta[alert] > 0
    assert meta["confidentialite"]["regle"] in RULES
    # Why nothing is hidden is said; who hides is said by the rule itself.
    assert bool(meta["confidentialite"].get("raison")) == (meta["confidentialite"]["regle"] == "aucune")


@pytest.mark.parametrize("indicator", load_indicators().values(), ids=lambda indicator: indicator.code)
def test_the_freshest_figure_that_can_exist_is_never_out_of_date(indicator):
    """Before the next edition is due, the last one is the cadence and the producer's delay old."""
    days = [
        CADENCES_DAYS[source.cadence] + source.meta["delai_attendu_jours"]
        for source in map(get_source, indicator.meta["sources"])
        if source.cadence == indicator.meta["cadence"] and not source.meta.get("sans_suite")
    ]
    assert indicator.meta["report_max_trimestres"] >= max(days, default=0) // (365.25 / 4)
