"""What sheets say: the headline's rules, words of a figure, lines of a chart."""

import datetime as dt

import pytest

from acces_soins.catalog import load_indicators
from acces_soins.factsheets import charts, data, figures, headline, selection

PHRASES = {"densite": "la densité", "taux": "le taux", "apl": "l'APL", "effectif": "l'effectif"}
ROW = {
    "code_indicateur": "densite", "libelle_indicateur": "Densité", "unite": "pour 100 000 habitants",
    "nature": "densite", "sens": "hausse", "decimales": 1, "valeur": 60.0, "valeur_texte": "60,0",
    "valeur_france_texte": "75,0", "valeur_region_texte": "70,0", "statut": "observe",
    "statut_point": "observe",
    "date_reference": dt.date(2025, 12, 31), "trimestre": "2025T4", "dernier_trimestre": "2025T4", "rang": 90,
    "nb_classes": 101, "nb_ex_aequo": 1, "position": "moins bien", "tendance": "stable",
    "evolution_texte": "−0,4", "cible": None,
}  # fmt: skip


def row(**changes) -> dict:
    return ROW | changes


def told(*rows: dict) -> list[str]:
    return headline.sentences(headline.choose(rows), rows, PHRASES)


def test_behind_then_ahead():
    behind, ahead = told(
        row(),
        row(code_indicateur="taux", unite="%", valeur_texte="4,0", valeur_france_texte="5,0", rang=7,
            position="mieux", sens="baisse", tendance="baisse", statut="reporte", statut_point="provisoire"),
    )  # fmt: skip
    assert behind == (
        "Le département est moins bien placé que la France pour la densité\u00a0: 60,0\u00a0pour 100 000 "
        "habitants au 31 décembre 2025, contre 75,0 en France."
    )
    assert ahead == (
        "Il est mieux placé que la France pour le taux\u00a0: 4,0\u202f% au 31 décembre 2025 (provisoire), "
        "contre 5,0\u202f% en France\u00a0; tendance à la baisse sur six ans, favorable."
    )


def test_the_figure_furthest_behind_speaks():
    assert "le taux" in told(row(), row(code_indicateur="taux", rang=101))[0]


def test_an_unjudged_mean_is_told_by_its_rank_only_at_the_edges():
    apl = row(code_indicateur="apl", nature="moyenne", position="sans jugement", rang=97)
    assert "est 97e sur 101 pour l'APL" in told(apl)[0] and "l'écart n'est pas testé" in told(apl)[0]
    assert told(apl | {"rang": 96}) == []


def test_a_first_rank_that_many_share_is_no_distinction():
    shared = row(code_indicateur="apl", nature="moyenne", position="sans jugement", rang=1, nb_ex_aequo=90)
    assert told(shared) == []
    assert "est 1er sur 101" in told(shared | {"nb_ex_aequo": 1})[0]


def test_a_count_is_never_headlined():
    assert told(row(code_indicateur="effectif", nature="nombre", position="sans jugement", rang=101)) == []


def test_figures_like_those_of_france_are_said_so():
    alike = row(position="semblable", rang=50)
    assert told(alike, alike) == [
        "Aucun des 2 chiffres qui se comparent à ceux de la France ne s'en écarte plus que le hasard."
    ]
    assert len(told(alike)) == 1


def test_a_figure_too_old_to_be_carried_is_said_so():
    assert "au 31 décembre 2025 (dernier chiffre connu)" in told(row(statut="reporte", trimestre="2025T2"))[0]


def test_nothing_is_said_where_nothing_is_known():
    assert told() == []
    assert told(row(valeur=None, position=None, rang=None)) == []
    assert told(row(position="sans jugement", rang=50)) == []


@pytest.mark.parametrize(
    ("changes", "state", "status"),
    [
        ({}, "observe", ""),
        ({"statut": "provisoire"}, "provisoire", "provisoire"),
        ({"statut": "reporte"}, "reporte", "reporté"),
        ({"statut": "reporte", "statut_point": "provisoire"}, "reporte", "reporté, provisoire"),
        ({"statut": "reporte", "trimestre": "2025T2"}, "ancien", "ancien"),
        ({"statut": "masque", "valeur": None}, "masque", ""),
        ({"statut": "perime", "valeur": None}, "perime", ""),
    ],
)
def test_status_of_a_figure(changes, state, status):
    assert figures.state(row(**changes)) == state
    assert figures.status(row(**changes)) == status


@pytest.mark.parametrize(
    ("text", "unit", "written"),
    [
        ("+13", "patients", "+13"), ("−0,4", "%", "−0,4\u202fpt"), ("+0,0", "%", "0,0\u202fpt"),
        ("−0", "x", "0"), ("+1\u202f200", "x", "+1\u202f200"), (None, "%", ""),
    ],
)  # fmt: skip
def test_change(text, unit, written):
    assert figures.change(row(evolution_texte=text, unite=unit)) == written


def test_move_and_rank():
    assert [figures.move(n) for n in (None, 0, 1, -2)] == ["", "inchangé", "+1 place", "−2 places"]
    assert [figures.ordinal(n) for n in (1, 2, 101)] == ["1er", "2e", "101e"]


def test_a_comparison_of_another_day_bears_its_date():
    assert figures.compared("5,0", dt.date(2025, 12, 31), ROW) == {"value": "5,0", "date": ""}
    assert figures.compared("5,0", dt.date(2024, 12, 31), ROW)["date"] == "31/12/2024"
    assert figures.compared(None, None, ROW)["value"] == "–"


def target(**changes) -> dict:
    return {"cible": 2.0, "echeance": dt.date(2027, 12, 31), "distance_cible": 2.9, "rythme": False} | changes


@pytest.mark.parametrize(
    ("national", "written"),
    [
        (target(), "Objectif pour la France\u00a0: 2\u202f% au 31/12/2027 (reste 2,9\u00a0points)"),
        (
            target(distance_cible=1.0),
            "Objectif pour la France\u00a0: 2\u202f% au 31/12/2027 (reste 1\u00a0point)",
        ),
        (target(distance_cible=0.0), "Objectif pour la France\u00a0: 2\u202f% au 31/12/2027 (atteint)"),
        (target(echeance=None), "Objectif pour la France\u00a0: 2\u202f% (reste 2,9\u00a0points)"),
        (
            target(echeance=None, rythme=True, cible=1234.56),
            "Objectif pour la France\u00a0: 1\u202f234,6\u202f% à ce jour, au rythme fixé "
            "(reste 2,9\u00a0points)",
        ),
        (None, ""),
    ],
)
def test_target_in_words(national, written):
    assert figures.target_in_words(row(unite="%"), national) == written


def test_the_departement_s_own_target_comes_first():
    own = row(unite="%", cible=3.0, echeance=None, distance_cible=-1.0)
    assert figures.target_in_words(own, target()) == "Objectif\u00a0: 3\u202f% (atteint)"


@pytest.mark.parametrize(
    "values",
    [[], [0.0], [5.2], [4.2, 6.1, 2.0], [1862.0, 1577.0], [0.001, 0.002], [8.8, 74.7], [30.8, 30.81]],
)
def test_scale_holds_the_values_in_round_steps(values):
    low, high, ticks = charts.scale(values)
    assert low < high and all(low <= value <= high for value in values)
    assert low >= 0
    assert len(ticks) <= 7 and (not values or (ticks[0], ticks[-1]) == (low, high))


def test_a_tiny_change_does_not_fill_the_chart():
    low, high, _ = charts.scale([30.75, 30.83])
    assert high - low >= 3


QUARTERS = ["2025T1", "2025T2", "2025T3", "2025T4"]


def point(quarter: str, value: float | None, status: str = "observe", method: str = "v1", aim=None) -> dict:
    return {
        "trimestre": quarter, "valeur": value, "statut": status, "version_methode": method, "cible": aim,
    }  # fmt: skip


def drawn(*own: dict, france: tuple = ()) -> dict:
    series = {("densite", "departement", "01"): list(own), ("densite", "france", "FR"): list(france)}
    return charts.chart(ROW, series, {"code": "01", "region_code": "84"}, QUARTERS)


def test_carried_quarters_are_no_points():
    chart = drawn(
        point("2025T1", 1.0), point("2025T2", 1.0, "reporte"), point("2025T3", 3.0, "provisoire"),
        point("2025T4", 3.0, "reporte"),
    )  # fmt: skip
    assert [(p["at"], p["sure"]) for p in chart["points"]] == [(0, True), (2, False)]
    assert chart["segments"] == [[(0, 1.0), (2, 3.0)]]
    assert chart["carried"] == [(2, 3.0), (3, 3.0)]


def test_a_line_stops_at_a_gap_and_at_a_change_of_method():
    gap = drawn(point("2025T1", 1.0), point("2025T2", None, "masque"), point("2025T3", 3.0))
    assert gap["segments"] == [[(0, 1.0)], [(2, 3.0)]]
    method = drawn(point("2025T1", 1.0), point("2025T2", 2.0, method="v2"))
    assert method["segments"] == [[(0, 1.0)], [(1, 2.0)]]


def test_a_pace_is_drawn_from_where_it_sets_off_and_a_level_all_along():
    france = [
        point(quarter, 5.0, aim=aim) for quarter, aim in zip(QUARTERS, (2.0, 2.0, 2.5, 3.0), strict=True)
    ]
    assert drawn(france=france)["target"] == [(1, 2.0), (2, 2.5), (3, 3.0)]
    level = [point(quarter, 5.0, aim=2.0) for quarter in QUARTERS]
    assert len(drawn(france=level)["target"]) == 4


def test_a_chart_is_told_in_words():
    chart = drawn(point("2025T1", 61.0), point("2025T4", 60.0))
    assert chart["alt"] == (
        "Densité (pour 100 000 habitants)\u00a0: 61,0 au 1er trimestre 2025, puis 60,0 au 4e trimestre 2025. "
        "Département\u00a060,0, région\u00a070,0, France\u00a075,0."
    )
    assert "aucun point observé" in drawn()["alt"] and drawn()["empty"]


def test_words_in_an_empty_chart_stand_where_no_line_passes():
    rising = {"region": [], "france": [[(0, 0.0), (20, 20.0)]], "target": []}
    assert charts.free_height(rising, 0.0, 60.0, 20) == pytest.approx(51.6)
    assert charts.free_height(rising, -40.0, 20.0, 20) == pytest.approx(-31.6)
    flat = {"region": [[(0, 10.0), (20, 10.0)]], "france": [], "target": [(0, 1.0), (20, 1.0)]}
    assert charts.free_height(flat, 0.0, 20.0, 20) == pytest.approx(17.2)
    assert charts.free_height({"region": [], "france": [], "target": []}, 0.0, 20.0, 20) == 10.0


def test_charts_without_any_point_give_way_to_others():
    def known(*codes: str) -> dict:
        return {(code, "departement", "01"): [point("2025T1", 1.0)] for code in codes}

    assert charts.choose({}) == list(selection.CHARTS[: selection.CHARTS_DRAWN])
    assert charts.choose(known(*selection.CHARTS)) == list(selection.CHARTS[: selection.CHARTS_DRAWN])
    last = known(selection.CHARTS[-1])
    assert charts.choose(last) == [*selection.CHARTS[: selection.CHARTS_DRAWN - 1], selection.CHARTS[-1]]
    masked = {(selection.CHARTS[-1], "departement", "01"): [point("2025T1", None, "masque")]}
    assert charts.choose(masked) == list(selection.CHARTS[: selection.CHARTS_DRAWN])


def test_what_changed_looks_back_two_quarters():
    assert data._two_quarters_before(dt.date(2026, 9, 30)) == dt.date(2026, 4, 1)
    assert data._two_quarters_before(dt.date(2026, 3, 31)) == dt.date(2025, 10, 1)


def test_what_is_shown_is_in_the_catalogue():
    indicators = load_indicators()
    assert set(selection.CODES) <= indicators.keys()
    assert set(selection.CHARTS) <= set(selection.CODES)
    assert {indicators[code].meta["nature"] for code in selection.CHARTS}.isdisjoint({"nombre", "marque"})


def unsettled(**details) -> dict:
    row = {
        "code_indicateur": "taux", "valeur": 4.2, "decimales": 1, "statut": "provisoire",
        "statut_point": "provisoire", "revision_mediane": 0.1, "revision_p90": 0.34,
    }  # fmt: skip
    return row | details


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            unsettled(),
            "des chiffres provisoires\u00a0: le taux, 0,1 (0,3 au plus neuf fois sur dix).",
        ),
        (unsettled(statut="reporte"), "le taux, 0,1"),
        (unsettled(revision_p90=None), ": pas encore mesurée."),
        (unsettled(statut="observe", statut_point="observe"), None),
        (unsettled(statut="reporte", statut_point="observe"), None),
        (unsettled(valeur=None), None),
    ],
)
def test_how_much_provisional_figures_usually_move(row, told):
    found = figures.usual_revisions([row], {"taux": "le taux"})
    assert (told in found) if told else found == ""
