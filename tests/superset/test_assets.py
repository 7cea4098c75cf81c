"""The assets against the marts' contracts: no Superset, no published file."""

import copy
import csv
import json
import math
import shutil
import subprocess

import pytest
import yaml

import superset_service
from acces_soins import dashboards, publication
from acces_soins.catalog import load_indicators
from acces_soins.contracts import readable_contracts
from acces_soins.dashboards import deployment
from acces_soins.settings import get_settings

CONTRACTS = readable_contracts()


@pytest.fixture
def copied_assets(tmp_path):
    """A copy of the assets, and a way to change one file of it."""
    folder = tmp_path / "assets"
    shutil.copytree(dashboards.ASSETS, folder)

    def change(path, edit):
        content = yaml.safe_load((folder / path).read_text(encoding="utf-8"))
        edit(content)
        (folder / path).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return dashboards.check_assets(CONTRACTS, folder)

    return change


def test_the_assets_fit_the_contracts():
    assert dashboards.check_assets() == []


def test_a_column_that_left_the_mart_is_named():
    contracts = copy.deepcopy(CONTRACTS)
    del contracts["tableau_de_bord"]["valeur_texte"]
    problems = dashboards.check_assets(contracts)
    assert any("departements.yaml" in p and "valeur_texte" in p for p in problems)


def test_a_column_that_changed_type_is_named():
    contracts = copy.deepcopy(CONTRACTS)
    contracts["tableau_de_bord"]["valeur"] = "VARCHAR"
    assert any("departements.yaml" in p for p in dashboards.check_assets(contracts))


@pytest.mark.parametrize(
    ("path", "edit", "expected"),
    [
        ("charts/carte.yaml", lambda a: a["params"].update(entity="absente"), "colonne « absente »"),
        ("charts/carte.yaml", lambda a: a["params"].update(metric="absente"), "mesure « absente »"),
        ("charts/carte.yaml", lambda a: a.update(jeu="x"), "le jeu x n'existe pas"),
        ("charts/carte.yaml", lambda a: a.update(uuid="x"), "uuid absent ou mal formé"),
        ("charts/carte.yaml", lambda a: a.update(titre="Value by area"), "pas en français"),
        ("charts/classement.yaml", lambda a: a.update(colonnes=["absente"]), "colonne « absente »"),
        ("charts/evolution.yaml", lambda a: a["params"].update(metrics_b=["absente"]), "mesure « absente »"),
        ("charts/evolution.yaml", lambda a: a["params"].update(groupby_b=["absente"]), "colonne « absente »"),
        ("commun/filtres.yaml", lambda a: a["indicateur"].update(colonne="x"), "filtre Indicateur"),
        ("commun/filtres.yaml", lambda a: a["region"].update(jeu="x"), "filtre Région : le jeu x"),
        (
            "dashboards/ma_region.yaml",
            lambda a: a["lignes"][0][0]["graphiques"].append("absent"),
            "le graphique absent n'existe pas",
        ),
        (
            "dashboards/ma_region.yaml",
            lambda a: a["lignes"].pop(2),
            "aucun tableau de bord ne montre ce graphique",
        ),
        (
            "datasets/departements.yaml",
            lambda a: a["mesures"]["valeur_carte"].update(expression="max(absente)"),
            "mesure valeur_carte",
        ),
        ("datasets/departements.yaml", lambda a: a.update(sql="SELECT {{ si"), "le gabarit du SQL est faux"),
    ],
)
def test_a_broken_asset_is_named(copied_assets, path, edit, expected):
    problems = copied_assets(path, edit)
    assert any(expected in problem for problem in problems), problems


def test_two_assets_never_share_a_uuid(copied_assets):
    twin = dashboards.load_assets()["charts/legende.yaml"]["uuid"]
    assert any("même uuid" in p for p in copied_assets("charts/carte.yaml", lambda a: a.update(uuid=twin)))


def test_the_database_entry_is_hardened():
    entry = dashboards.load_assets()["databases/acces_soins.yaml"]
    arguments = entry["extra"]["engine_params"]["connect_args"]
    assert arguments["read_only"] is True
    assert arguments["config"]["enable_external_access"] is False
    assert arguments["config"]["lock_configuration"] is True
    assert not any(entry[name] for name in ("allow_ctas", "allow_cvas", "allow_dml", "allow_csv_upload"))


def test_no_cached_row_outlives_its_publication():
    for path, dataset in dashboards.load_assets().items():
        if path.startswith("datasets/"):
            assert "cache_key_wrapper(version_publiee())" in dataset["sql"], path


PAGES = dashboards.of_kind(dashboards.load_assets(), "dashboards")


def _filters(page: dict) -> dict[str, dict]:
    return {native["name"]: native for native in page["metadata"]["native_filter_configuration"]}


def test_the_six_dashboards_lead_to_one_another():
    assert {page["slug"] for page in PAGES.values()} == {
        "acces-aux-soins",
        "mon-departement",
        "ma-region",
        "mesures-du-pacte",
        "accessibilite",
        "qualite-et-fraicheur",
    }
    for path, page in PAGES.items():
        navigation = page["position"]["MARKDOWN-navigation"]["meta"]["code"]
        for other in PAGES.values():
            assert f'href="/superset/dashboard/{other["slug"]}/"' in navigation, path
        assert navigation.count('class="as-ici"') == 1


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_what_data_it_shows_and_how_to_read_them(path):
    page = PAGES[path]
    shown = [
        item["meta"].get("sliceName")
        for item in page["position"].values()
        if isinstance(item, dict) and "meta" in item
    ]
    assert "Nature et date des données" in shown
    assert "jamais zéro" in page["position"]["MARKDOWN-lecture"]["meta"]["code"]


@pytest.mark.parametrize("path", PAGES)
def test_the_departement_follows_the_region_wherever_both_are(path):
    filters = _filters(PAGES[path])
    assert PAGES[path]["metadata"]["filter_bar_orientation"] == "HORIZONTAL"
    if {"Région", "Département"} <= set(filters):
        assert filters["Département"]["cascadeParentIds"] == [filters["Région"]["id"]]


def test_the_quarter_shown_first_is_the_last_with_a_figure():
    quarter = _filters(PAGES["dashboards/vue_nationale.yaml"])["Trimestre"]
    assert quarter["defaultDataMask"]["filterState"]["value"] == ["Dernier trimestre chiffré"]
    assert quarter["cascadeParentIds"] == ["NATIVE_FILTER-indicateur"]


def test_a_filter_that_only_narrows_another_reaches_no_chart():
    region = _filters(PAGES["dashboards/mon_departement.yaml"])["Région"]
    assert region["chartsInScope"] == []


def test_the_measures_and_the_indicators_shown_first_are_of_the_catalogue():
    seeds = dashboards.TERRITORIES.parent
    for name in ("ref_vedettes.csv", "ref_mesures.csv"):
        with (seeds / name).open(encoding="utf-8") as stream:
            assert {row["code_indicateur"] for row in csv.DictReader(stream)} <= set(load_indicators()), name


def test_the_results_of_the_checks_have_the_columns_that_the_pages_read():
    given = publication._check_row({name: name for name in CONTRACTS["qualite"]})
    assert list(given) == list(CONTRACTS["qualite"])


def test_a_carried_line_is_lighter_than_the_observed_one():
    colours = dashboards.series_colours()
    assert colours["France, chiffre observé"] != colours["France, chiffre reporté"]
    assert colours["29 – Finistère, chiffre observé"] != colours["Région Bretagne, chiffre observé"]


@pytest.fixture
def prepared_steps(data_directory, monkeypatch):
    """The steps that are run, none of which starts Superset."""
    steps = []
    monkeypatch.setattr(deployment, "superset_version", lambda: "6.1.0")
    monkeypatch.setattr(deployment, "_run", lambda wanted, _settings: steps.extend(wanted) or {})
    return steps


@pytest.fixture
def database_file(data_directory):
    """Superset's own database, as it stands once prepared."""
    path = get_settings().services / "superset" / "superset.db"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_what_is_due_is_done_in_one_start(prepared_steps, database_file, monkeypatch):
    starts = []
    counted = deployment._run
    monkeypatch.setattr(deployment, "_run", lambda *given: starts.append(1) or counted(*given))
    assert dashboards.update("v1") is True
    assert (prepared_steps, len(starts)) == (["prepare", "deploy", "refresh"], 1)
    assert dashboards.update("v1") is False
    assert not any((dashboards.prepare(), dashboards.deploy(), dashboards.refresh("v1")))
    assert dashboards.update("v2") is True
    assert (prepared_steps[3:], len(starts)) == (["refresh"], 2)


def test_a_lost_database_gets_its_dashboards_again(prepared_steps, database_file):
    dashboards.update("v1")
    database_file.unlink()
    dashboards.prepare()
    database_file.touch()
    dashboards.update("v1")
    assert prepared_steps[3:] == ["prepare", "deploy", "refresh"]


def test_a_step_that_fails_is_named_and_none_counts_as_done(database_file, monkeypatch):
    answer = subprocess.CompletedProcess([], 1, "", "étape prepare\nétape deploy\nKeyError: 'x'\n")
    monkeypatch.setattr(deployment, "superset_version", lambda: "6.1.0")
    monkeypatch.setattr(deployment.subprocess, "run", lambda *_, **__: answer)
    for _ in range(2):
        with pytest.raises(dashboards.DashboardsError, match="l'étape « deploy » : KeyError: 'x'"):
            dashboards.update("v1")
    assert not list(database_file.parent.glob("prepare.json"))


def test_a_server_database_is_prepared_once(prepared_steps, use_settings):
    use_settings(superset_metadonnees="postgresql+psycopg2://superset@postgres/superset")
    assert dashboards.prepare() is True
    assert dashboards.prepare() is False
    use_settings(superset_metadonnees="postgresql+psycopg2://superset@autre/superset")
    assert dashboards.prepare() is True
    assert prepared_steps == ["prepare", "prepare"]


def test_a_database_file_that_is_gone_is_made_again(prepared_steps):
    assert dashboards.prepare() is True
    assert dashboards.prepare() is True
    assert prepared_steps == ["prepare", "prepare"]


def test_the_switch_to_the_public_is_thrown_at_the_next_preparation(
    prepared_steps, database_file, use_settings
):
    dashboards.update("v1")
    use_settings(superset_public=True)
    assert dashboards.prepare() is True
    assert prepared_steps[3:] == ["prepare"]
    assert deployment._preparation(get_settings()).arguments["public"] is True
    assert dashboards.update("v1") is True
    assert prepared_steps[4:] == ["deploy", "refresh"]


def _boxes() -> dict[str, tuple[float, float, float, float]]:
    """ISO code -> left, top, right, bottom of the shape as Superset's map projects it, in its order."""
    folder = next(dashboards.ENVIRONMENT.glob("lib/python3*/site-packages/superset/static/assets"))
    for path in folder.glob("*.geojson"):
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        boxes = {f["properties"].get("ISO"): _box(f["geometry"]["coordinates"]) for f in features}
        # another one has the overseas collectivities too
        if "FR-YT" in boxes and len(boxes) == 101:
            return boxes
    raise AssertionError("la carte des départements n'est plus dans Superset")


def _box(coordinates: list) -> tuple[float, float, float, float]:
    if isinstance(coordinates[0], int | float):
        x, y = coordinates[0], -math.degrees(math.asinh(math.tan(math.radians(coordinates[1]))))
        return x, y, x, y
    return _around(map(_box, coordinates))


def _around(boxes) -> tuple[float, float, float, float]:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


@pytest.mark.superset
def test_the_map_s_shapes_and_frames_are_superset_s():
    superset_service.skip_without_superset()
    boxes = _boxes()
    ours = yaml.safe_load((dashboards.ASSETS / "commun" / "carte.yaml").read_text(encoding="utf-8"))
    assert ours["formes"] == list(boxes)
    with dashboards.TERRITORIES.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    left, top, right, bottom = _around(boxes.values())
    width, height = right - left, bottom - top
    assert set(ours["cadres"]) == {row["code_territoire"] for row in rows if row["niveau"] == "region"}
    for code, frame in ours["cadres"].items():
        inside = [
            r["code_iso_3166_2"] for r in rows if r["niveau"] == "departement" and r["code_region"] == code
        ]
        box = _around(boxes[shape] for shape in inside)
        assert frame["x"] == pytest.approx(50 * (box[0] + box[2] - 2 * left) / width, abs=0.1), code
        assert frame["y"] == pytest.approx(50 * (box[1] + box[3] - 2 * top) / height, abs=0.1), code
        share = max((box[2] - box[0]) / width, (box[3] - box[1]) / height)
        assert 0.1 < frame["fois"] * share < 0.9, code


@pytest.mark.superset
def test_every_mended_word_is_one_that_superset_says():
    superset_service.skip_without_superset()
    (folder,) = dashboards.ENVIRONMENT.glob("lib/python3*/site-packages/superset")
    pack = json.loads((folder / "translations/fr/LC_MESSAGES/messages.json").read_text(encoding="utf-8"))
    mended = yaml.safe_load((dashboards.SUPERSET / "traductions.yaml").read_text(encoding="utf-8"))
    left = set(mended) - set(pack["locale_data"]["superset"])
    for script in (folder / "static" / "assets").glob("*.js"):
        text = script.read_text(encoding="utf-8")
        # A number at the end is put there by the page.
        left = {english for english in left if f'"{english.rstrip("1")}"' not in text}
    assert left == set()


def test_superset_marks_trial_data_only(use_settings):
    assert dashboards.environment(get_settings())["ACCES_SOINS_SUPERSET_ESSAI"] == "1"
    use_settings(sources="direct")
    assert dashboards.environment(get_settings())["ACCES_SOINS_SUPERSET_ESSAI"] == "0"


@pytest.mark.superset
def test_the_caches_are_in_redis_where_there_is_one(tmp_path):
    superset_service.skip_without_superset()
    program = f"import runpy; c = runpy.run_path({str(dashboards.SUPERSET / 'superset_config.py')!r}); " + (
        "print(*sorted({c[name]['CACHE_TYPE'] for name in c if name.endswith('CACHE_CONFIG')}))"
    )

    def types(**extra):
        env = dashboards.environment(get_settings()) | {"ACCES_SOINS_SUPERSET_DOSSIER": str(tmp_path)} | extra
        argv = [str(dashboards.ENVIRONMENT / "bin" / "python"), "-c", program]
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout.split()

    assert types() == ["FileSystemCache"]
    assert types(ACCES_SOINS_SUPERSET_REDIS="redis://:essai@redis:6379/0") == ["RedisCache"]
