"""Whole nights on the replica: the first, the same again, successive snapshots, a replayed past."""

import datetime as dt

import duckdb
import pytest

from acces_soins import extraction, history, landing, proof, rebuilding, steps, versioning
from acces_soins.catalog import load_indicators
from acces_soins.errors import CriticalCheckFailed
from acces_soins.settings import get_settings
from acces_soins.trial.replica import Fault, FaultKind
from nights import run_night

ALD_INFRA = "ameli.patients_longueduree_infra_annuelle"
REGIONS = "insee.cog_regions"


class TestFirstNight:
    """What a first night publishes."""

    def test_every_indicator_has_every_territory_and_quarter(self, after_first_night, ask):
        counted = ask(
            "select code_indicateur, niveau, count(*), count(distinct code_territoire), "
            "count(distinct trimestre) "
            "from marts.indicateurs_trimestriels group by all"
        )
        assert {row[0] for row in counted} == set(load_indicators())
        assert {(row[1], row[3]) for row in counted} == {("departement", 101), ("region", 18), ("france", 1)}
        assert {row[4] for row in counted} == {44}

    def test_a_masked_value_is_no_number(self, after_first_night, ask):
        masked = ask(
            "select valeur, numerateur, motif from marts.indicateurs_trimestriels where statut = 'masque'"
        )
        assert masked
        assert {(value, numerator) for value, numerator, _ in masked} == {(None, None)}
        assert {motif for *_, motif in masked} <= {"NS", "NC", "ND"}

    def test_no_total_is_a_territory(self, after_first_night, ask):
        assert (
            ask(
                "select * from marts.indicateurs_trimestriels "
                "where code_territoire in ('99', '999', 'inconnu')"
            )
            == []
        )

    def test_counts_add_up_over_the_levels(self, after_first_night, ask):
        assert (
            ask("select * from marts.rapprochements where rapprochement like 'somme%' and not conforme") == []
        )
        assert ask("select count(*) from marts.rapprochements where rapprochement like 'somme%'")[0][0] > 0

    def test_every_additive_count_is_held_against_its_parts_at_both_levels(self, after_first_night, ask):
        compared = ask(
            "select distinct code_indicateur, niveau from marts.rapprochements "
            "where rapprochement = 'somme_des_departements' order by all"
        )
        complete = ask(
            "select distinct code_indicateur from (select code_indicateur, trimestre "
            "from marts.indicateurs_trimestriels join marts.catalogue_indicateurs using (code_indicateur) "
            "where additif and niveau = 'departement' "
            "group by all "
            "having count_if(valeur is not null and age_trimestres = 0 or statut = 'hors_champ') = 101)"
        )
        assert len(complete) >= 8
        assert {(code, level) for (code,) in complete for level in ("france", "region")} <= set(compared)

    def test_the_number_without_a_doctor_is_an_estimate_inside_its_bounds(self, after_first_night, ask):
        (statuses, inside, gap) = ask(
            "select list(distinct nombres.statut order by nombres.statut), "
            "bool_and(nombres.valeur between nombres.borne_basse and nombres.borne_haute), "
            "max(abs(100 * nombres.numerateur / nombres.denominateur - taux.valeur)) "
            "from marts.indicateurs_trimestriels as nombres "
            "inner join marts.indicateurs_trimestriels as taux using (niveau, code_territoire, trimestre) "
            "where nombres.code_indicateur = 'nb_ald_sans_mt_estime' and nombres.valeur is not null "
            "and taux.code_indicateur = 'taux_ald_sans_mt'"
        )[0]
        assert statuses == ["estime", "reporte"]
        assert inside and gap < 0.05

    def test_the_barometer_stands_beside_the_complement_without_judgement(self, after_first_night, ask):
        rows = ask(
            "select distinct tolerance, tolerance_pct, conforme, raison like 'Autre champ%' "
            "from marts.rapprochements where rapprochement = 'complement_du_barometre'"
        )
        assert rows == [(None, None, True, True)]

    def test_the_delay_to_specialists_is_there_and_says_why_it_is_empty(self, after_first_night, ask):
        answer = ask(
            "select distinct statut, motif, valeur from marts.indicateurs_trimestriels "
            "where code_indicateur = 'delai_moyen_acces_specialistes'"
        )
        assert answer == [("non_disponible", "aucune_source_ouverte", None)]

    def test_a_carried_value_keeps_its_date_and_has_no_evolution(self, after_first_night, ask):
        carried = ask(
            "select age_trimestres, evolution, date_reference < date_trimestre "
            "from marts.tableau_de_bord where statut = 'reporte'"
        )
        assert carried
        assert all(age >= 1 and evolution is None and older for age, evolution, older in carried)

    def test_trial_data_say_so(self, after_first_night, ask):
        assert ask("select distinct donnees from marts.tableau_de_bord") == [("Données d'essai (fictives)",)]

    def test_checks_are_published_with_the_figures(self, after_first_night, ask):
        assert ask("select count(*) from marts.qualite where resultat = 'reussi'")[0][0] > 50
        borders = ask("select frontiere, count(distinct suite) > 20 from marts.qualite group by 1 order by 1")
        assert borders == [("entree", True), ("sortie", True)]
        assert ask(
            "select count(*) from marts.qualite where severite = 'critique' and resultat <> 'reussi'"
        ) == [(0,)]

    def test_fictitious_figures_judge_no_claim_and_meet_no_published_figure(self, after_first_night, ask):
        judged = "select count(*) from marts.affirmations where verdict in ('confirmee', 'contredite')"
        assert ask(judged)[0][0] > 20
        catalogue = "source_mesure in (select source from marts.catalogue_sources)"
        assert ask(f"{judged} and {catalogue}") == [(0,)]
        assert ask("select distinct resultat, valeur_observatoire from marts.chiffres_publies") == [
            ("non_compare", None)
        ]

    def test_a_first_publication_revises_nothing(self, after_first_night, ask):
        assert ask("select * from marts.revisions") == []

    def test_the_report_names_every_indicator(self, after_first_night):
        text = (get_settings().reports / "derniere_nuit.txt").read_text()
        assert all(code in text for code in load_indicators())
        assert "DONNÉES D'ESSAI" in text


def test_the_same_night_twice_publishes_nothing_new(after_first_night, served):
    before = served()
    night = run_night()
    assert night.state == "inchange" and not night.errors
    assert served() == before
    assert len(list((get_settings().publication / "versions").iterdir())) == 1


def test_snapshots_accumulate_although_the_portal_keeps_one(portal, use_settings, ask):
    for day in ("2026-03-05", "2026-06-05"):
        use_settings(date=day)
        portal.as_of = dt.date.fromisoformat(day)
        steps.extract(ALD_INFRA, steps.open_night())
    use_settings(date="2026-11-22")
    portal.as_of = dt.date(2026, 11, 22)
    night = run_night([ALD_INFRA])
    assert night.state == "publie"
    assert [alert for alert in night.outcome["alertes"] if "saut, 2026-03-31 n'a pas été reçu" in alert]
    missing = f"select periodes_manquantes from marts.fraicheur_sources where source = '{ALD_INFRA}'"
    assert ask(missing) == [("2026-03-31",)]
    observed = ask(
        "select trimestre from marts.indicateurs_trimestriels where code_indicateur = 'taux_ald_sans_mt' "
        "and niveau = 'france' and age_trimestres = 0 and valeur is not null order by 1"
    )
    assert observed == [("2025T3",), ("2025T4",), ("2026T2",)]


@pytest.mark.long
def test_a_replayed_past_night_closes_on_its_own_quarter(after_first_night, use_settings, ask):
    use_settings(date="2026-07-15")
    after_first_night.as_of = dt.date(2026, 7, 15)
    night = run_night()
    assert night.state == "publie"
    assert ask("select max(trimestre) from marts.indicateurs_trimestriels") == [("2026T2",)]


@pytest.mark.long
def test_a_producer_going_back_in_time_loses_nothing(after_first_night, source):
    after_first_night.as_of = dt.date(2026, 6, 5)
    night = run_night([ALD_INFRA])
    assert not night.errors
    assert any("recul" in alert and ALD_INFRA in alert for alert in night.outcome["alertes"])
    editions = [manifest.edition for manifest in landing.counting(source(ALD_INFRA))]
    assert editions == sorted(editions) and "2026-06-30" in editions and len(editions) == 2


def test_a_date_issued_again_with_other_figures_is_a_revision(
    after_first_night, source, ask, served, monkeypatch
):
    # Whoever works on the project may commit while this runs.
    monkeypatch.setattr(versioning, "commit", lambda: "inconnu")
    after_first_night.faults[ALD_INFRA] = Fault(FaultKind.REPLACED, change=_other_rate)
    night = run_night([ALD_INFRA])
    assert night.state == "publie" and not night.errors
    assert any("révision, le contenu de cette édition" in alert for alert in night.outcome["alertes"])
    natures = f"select nature from marts.editions where source = '{ALD_INFRA}' order by rang"
    assert ask(natures) == [("premiere",), ("revision",)]
    first_version, second_version = history.publications()
    told = (
        "select publication_ancienne, publication_nouvelle, raison, niveau, code_territoire, ecart "
        "from marts.revisions where code_indicateur = 'taux_ald_sans_mt' and trimestre = '2026T2' "
        "order by all"
    )
    change = (first_version, second_version, "source_revisee", "france", "FR", 0.3)
    assert ask(told) == [change]
    # The producer takes its revision back: the first content counts again, the three arrivals are told.
    del after_first_night.faults[ALD_INFRA]
    night = steps.open_night()
    steps.extract(ALD_INFRA, night)
    steps.build(night)
    _touched_register_stops(night, first_version, served)
    steps.check(night)
    steps.publish(night)
    assert steps.close_night(night)["etat"] == "publie"
    assert ask(natures) == [("premiere",), ("revision",), ("revision",)]
    first, *_, last = landing.manifests(source(ALD_INFRA))
    assert first.sha256 == last.sha256
    back = (second_version, history.publications()[-1], "source_revisee", "france", "FR", -0.3)
    assert ask(told) == sorted([change, back])
    _values_are_known_by_publication(ask)
    assert [fault.sentence for one in proof.prove() for fault in one.faults] == []
    # The second version is not the served one, and its files do not count any more.
    compared = rebuilding.rebuild(second_version)
    assert {one.name for one in compared} >= {"indicateurs_trimestriels", "revisions", "valeurs_connues"}
    assert [one.sentence for one in compared if not one.same] == []


def _touched_register_stops(night, version, served):
    """A past row changed by hand: the checks say so, nothing is published, the served bytes stay."""
    before, path = served(), history.recorded_file(version)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(
        CriticalCheckFailed, match=rf"fichier = registre/valeurs/{version}.parquet, attendu = l'empreinte"
    ):
        steps.check(night)
    with pytest.raises(CriticalCheckFailed, match="Rien n'est publié"):
        steps.publish(night)
    assert served() == before
    path.write_bytes(content)


def _values_are_known_by_publication(ask):
    """Each figure stands until the publication that changed it; the last ones are the long table."""
    known = ask(
        "select publication, round(valeur - first(valeur) over (order by connu_depuis), 9), "
        "connu_jusqua is null from marts.valeurs_connues where code_indicateur = 'taux_ald_sans_mt' "
        "and trimestre = '2026T2' and niveau = 'france' order by connu_depuis"
    )
    first, second, third = history.publications()
    assert known == [(first, 0, False), (second, 0.3, False), (third, 0, True)]
    today = "select * exclude (publication) from marts.au(now()::date)"
    assert ask(f"from marts.indicateurs_trimestriels except {today}") == []
    assert ask(f"{today} except from marts.indicateurs_trimestriels") == []
    # Unchanged rows are written once: three publications are far from three long tables.
    [(rows, once)] = ask(
        "select count(*), (select count(*) from marts.indicateurs_trimestriels) from marts.valeurs_connues"
    )
    assert once < rows < 1.2 * once


@pytest.mark.long
def test_a_changed_landed_table_is_named_by_the_rebuild(after_first_night, source, monkeypatch):
    made_with = history.events()[0]["commit"]
    monkeypatch.setattr(versioning, "commit", lambda: made_with)
    landed = landing.latest(source(ALD_INFRA))
    copy = landed.table.with_suffix(".autre")
    column = "taux_patients_ald_sans_mt"
    changed = f"* replace (replace({column}, '.', '1.') as {column})"
    duckdb.execute(f"copy (select {changed} from '{landed.table}') to '{copy}' (format parquet)")
    copy.replace(landed.table)
    [version] = history.publications()
    different = {one.name for one in rebuilding.rebuild(version) if not one.same}
    assert "indicateurs_trimestriels" in different and "territoires" not in different
    assert [fault.file.endswith("table.parquet") for fault in proof.prove_source(ALD_INFRA).faults] == [True]


@pytest.mark.parametrize("source_id", [REGIONS, ALD_INFRA, "finess.materiels_lourds"])
def test_a_file_touched_but_not_changed_is_downloaded_once(after_first_night, source_id, monkeypatch):
    monkeypatch.setattr(extraction, "is_verification_day", lambda *_: False)
    after_first_night.faults[source_id] = Fault(FaultKind.TOUCHED)
    told = [steps.extract(source_id, steps.open_night())["phrase"] for _ in range(2)]
    assert told[0].startswith("mêmes octets que l'édition")
    assert not told[1].startswith("mêmes octets"), told[1]


def test_a_new_column_warns_and_is_kept_in_the_original(after_first_night, source, ask):
    def widened(content: bytes) -> bytes:
        head, *lines = content.rstrip().split(b"\r\n")
        rows = [head + b";taux_regime_agricole", *(line + b";4.2" for line in lines), b""]
        return b"\r\n".join(rows)

    after_first_night.faults[ALD_INFRA] = Fault(FaultKind.REPLACED, change=widened)
    night = run_night([ALD_INFRA])
    assert night.state == "publie" and not night.errors
    assert any(
        "hors contrat, gardé dans le fichier d'origine : taux_regime_agricole" in alert
        for alert in night.outcome["alertes"]
    )
    landed = landing.latest(source(ALD_INFRA))
    assert b"taux_regime_agricole" in (landed.folder / landed.fichier).read_bytes()
    told = f"select colonnes_nouvelles from marts.editions where source = '{ALD_INFRA}' order by rang"
    assert ask(told) == [(None,), ("taux_regime_agricole",)]


def _other_rate(content: bytes) -> bytes:
    """The same file with one rate changed: that of France."""
    lines = content.split(b"\r\n")
    place = next(number for number, line in enumerate(lines) if b";FRANCE;" in line)
    head, _, last = lines[place].rpartition(b";")
    lines[place] = head + b";" + str(round(float(last) + 0.3, 1)).encode()
    return b"\r\n".join(lines)


@pytest.mark.parametrize("name", ["brut", "registre"])
def test_what_cannot_be_made_again_is_kept(after_first_night, name):
    assert any((get_settings().root / name).rglob("*"))
