"""What moved between two publications: each nature of change, its reason, the page in French."""

from dataclasses import replace

import pytest

from acces_soins import comparison, comparison_page, publication
from small_publications import Point, corsica, publish, revision


def side(version: dict) -> comparison.Side:
    return comparison.read_side(publication.version_folder(version["version"]))


@pytest.fixture
def compared(tmp_path):
    """Publish two versions and compare them."""

    def compare(old: list[Point], new: list[Point], revisions=(), **inputs) -> dict:
        before = publish(tmp_path, "c1", old)
        after = publish(tmp_path, "c2", new, revisions, **inputs)
        return comparison.compare(side(before), side(after))

    return compare


CARRIED = {"status": "reporte", "day": "2026-06-30", "age": 1}
MASKED = {"status": "masque", "reason": "NS"}
NOT_SAID = {"status": "masque", "reason": "NC"}


DEPARTMENT = ("departement", "2A")
# name of the nature → the point before, the point after
CHANGES = {
    "revisee": (Point(*DEPARTMENT, 3), Point(*DEPARTMENT, 4)),
    "revisee_reportee": (Point(*DEPARTMENT, 3, **CARRIED), Point(*DEPARTMENT, 4, **CARRIED)),
    "actualisee": (Point(*DEPARTMENT, 3, **CARRIED), Point(*DEPARTMENT, 4)),
    "retiree": (Point(*DEPARTMENT, 3), Point(*DEPARTMENT, None, **MASKED)),
    "apparue": (Point(*DEPARTMENT, None, status="non_disponible"), Point(*DEPARTMENT, 0)),
    "statut": (Point(*DEPARTMENT, 3, status="provisoire"), Point(*DEPARTMENT, 3)),
    "statut_motif": (
        Point(*DEPARTMENT, None, **MASKED),
        Point(*DEPARTMENT, None, **MASKED | {"reason": "NC"}),
    ),
    "inchangee": (Point(*DEPARTMENT, 3), Point(*DEPARTMENT, 3 + 1e-12)),
}


def test_each_nature_of_change(compared):
    old, new = ([replace(points[rank], code=name) for name, points in CHANGES.items()] for rank in (0, 1))
    told = compared([*old, Point("region", "2A", 3)], [*new, Point("france", "2A", 3)])
    found = {row["code_indicateur"]: row for row in told["indicateurs"]}
    for name in CHANGES:
        nature = name.partition("_")[0]
        changed = {key: found[name][key] for key in comparison.NATURES if found[name][key]}
        assert changed == ({} if nature == "inchangee" else {nature: 1}), name
    # One key on one side alone: the level belongs to it.
    assert (found["nb_msp"]["ajoutee"], found["nb_msp"]["supprimee"]) == (1, 1)
    assert told["resume"]["inchangee"] == 1


def test_a_figure_that_our_secret_covers_is_not_told_again(compared):
    """The report goes with the release: the change is there, neither the old figure nor France's."""
    secret = {"status": "masque", "reason": "secret"}
    places = (*DEPARTMENT,), ("france", "FR")
    told = compared(
        [Point(*place, 7) for place in places], [Point(*place, None, **secret) for place in places]
    )
    [indicator] = told["indicateurs"]
    assert indicator["retiree"] == 2
    assert [row["ancienne"] for row in indicator["plus_forts"]] == [None, None]
    assert indicator["france"] == {"ancienne": None, "nouvelle": None}
    assert "observé" in comparison_page.markdown(told, []) and " 7" not in str(indicator)


def test_the_largest_changes_come_with_both_values_statuses_and_the_reason(compared):
    told = compared(
        corsica(10, 100),
        corsica(5, 101),
        [revision("departement", "2A", 10, 5, "correction"), revision("france", "FR", 110, 106)],
    )
    (indicator,) = told["indicateurs"]
    first, *_ = indicator["plus_forts"]
    assert (first["code_territoire"], first["ancienne"], first["nouvelle"], first["ecart_pct"]) == (
        "2A",
        10,
        5,
        -50,
    )
    assert (first["statut_ancien"], first["statut_nouveau"], first["raison"]) == (
        "observe",
        "observe",
        "correction",
    )
    assert told["revisions"] == [
        {"raison": None, "code_indicateur": "nb_msp", "nb": 2},
        {"raison": "correction", "code_indicateur": "nb_msp", "nb": 1},
        {"raison": "source_revisee", "code_indicateur": "nb_msp", "nb": 1},
    ]
    assert (
        indicator["france"]["ancienne"]["valeur"] == 110 and indicator["france"]["nouvelle"]["valeur"] == 106
    )


def test_the_last_reason_between_the_two_counts_and_those_of_before_do_not(tmp_path):
    explained = [revision("departement", "2A", 1, 3, "methode")]
    first = publish(tmp_path, "c1", corsica(3, 4), explained)
    told = explained[0] | {"publication_nouvelle": first["version"]}
    later = revision("departement", "2A", 3, 4, "source_revisee")
    second = publish(tmp_path, "c2", corsica(4, 4), [told, later])
    again = [
        told,
        later | {"publication_nouvelle": second["version"]},
        revision("departement", "2A", 4, 5, "correction"),
    ]
    third = publish(tmp_path, "c3", corsica(5, 4), again)

    def reason(old: dict, new: dict) -> str:
        indicator = comparison.compare(side(old), side(new))["indicateurs"][0]
        return next(row["raison"] for row in indicator["plus_forts"] if row["code_territoire"] == "2A")

    assert reason(first, second) == "source_revisee"
    assert reason(first, third) == "correction"


def test_series_that_begin_and_end(compared):
    old = [*corsica(1, 2), Point("departement", "2A", 7, code="nb_centres_sante")]
    new = [
        *corsica(1, 2),
        Point("departement", "2A", None, code="nb_centres_sante", status="masque"),
        Point("departement", "2A", 3, code="nb_cpts"),
    ]
    told = compared(old, new)
    assert told["series_nouvelles"] == [{"code_indicateur": "nb_cpts", "niveau": "departement", "nb": 1}]
    assert told["series_arretees"] == [
        {"code_indicateur": "nb_centres_sante", "niveau": "departement", "nb": 1}
    ]


def test_the_files_that_changed(tmp_path):
    before = publish(tmp_path, "c1", corsica(1, 2), editions={"a.b/2024": "1" * 64, "a.c/2024": "2" * 64})
    after = publish(tmp_path, "c2", corsica(1, 2), editions={"a.b/2024": "3" * 64, "a.d/2024": "4" * 64})
    told = comparison.compare(side(before), side(after))
    assert [(row["source"], row["edition"], row["nature"]) for row in told["editions"]] == [
        ("a.b", "2024", "revisee"), ("a.c", "2024", "retiree"), ("a.d", "2024", "nouvelle"),
    ]  # fmt: skip
    # The same figures from other files: nothing to publish again.
    assert told["identiques"]


def test_a_table_beside_the_figures_is_told(tmp_path):
    before = publish(tmp_path, "c1", corsica(1, 2))
    after = publish(tmp_path, "c2", [*corsica(1, 2), Point("departement", "2A", None, code="nb_cpts")])
    assert [row["table"] for row in comparison.compare(side(before), side(after))["tables"]] == [
        "catalogue_indicateurs", "indicateurs_trimestriels",
    ]  # fmt: skip


def test_the_first_publication_has_nothing_to_be_compared_with(tmp_path):
    told = comparison.compare(None, side(publish(tmp_path, "c1", corsica(1, 2))))
    assert told["ancienne"] is None and told["resume"]["ajoutee"] == 4 and not told["identiques"]
    assert told["indicateurs"][0]["france"]["nouvelle"]["valeur"] == 3
    assert "rien n'a encore été figé" in comparison_page.markdown(told)


def test_the_page_is_french_dated_and_says_that_the_figures_are_fictitious(compared):
    told = compared(corsica(1000.4, 3), corsica(1000.1, 3), [revision("departement", "2A", 1000.4, 1000.1)])
    page = comparison_page.html(told, ["Raisons de la révision : <b>deux</b> fichiers"])
    assert '<html lang="fr">' in page and "Données d'essai" in page and "fictifs" in page
    # The indicator has no decimals: they are shown where they would hide the difference.
    assert "1\u202f000,4 (observé)" in page and "1\u202f000,1 (observé)" in page and "\u22120,3" in page
    assert "un fichier reçu a changé" in page
    assert "<b>deux" not in page and "&lt;b&gt;deux" in page


def test_a_masked_figure_is_a_dash_and_never_zero(compared):
    text = comparison_page.markdown(compared(corsica(3, 4), corsica(None, 4, **MASKED)))
    assert "| 3 (observé) | — (masqué, NS) |" in text
    assert "| 0 (masqué" not in text


def test_whoever_approves_sees_what_the_checks_found(tmp_path):
    check = {
        "run": "nuit", "frontiere": "sortie", "suite": "publication/essai",
        "controle": "variation_inhabituelle__nb_msp", "severite": "avertissement",
        "attendu": "au plus 60 %", "observe": "6 écarts", "resultat": "echoue", "exemples": [],
    }  # fmt: skip
    passed = check | {"controle": "cle_unique", "resultat": "reussi"}
    entrance = check | {"frontiere": "entree", "controle": "lignes_en_baisse"}
    found = [check, passed, entrance]
    told = comparison.compare(None, side(publish(tmp_path, "c1", corsica(1, 2), checks=found)))
    text = comparison_page.summary(told)
    assert "| `variation_inhabituelle__nb_msp` | au plus 60 % | 6 écarts |" in text
    assert "cle_unique" not in text and "lignes_en_baisse" not in text
    silent = comparison.compare(None, side(publish(tmp_path, "c2", corsica(1, 2), checks=[passed])))
    assert "Aucun contrôle n'a donné d'avertissement." in comparison_page.summary(silent)
