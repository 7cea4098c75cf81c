"""The protocols, each on a source of the real catalogue, asked on a scripted portal."""

import hashlib
from types import SimpleNamespace

import pytest

from acces_soins import extraction
from acces_soins.catalog import fetched_sources, get_source
from acces_soins.errors import ConfigurationError, PortalError
from acces_soins.extraction import Download, Unchanged
from acces_soins.extraction.model import file_name, plain

CSV = b"\xef\xbb\xbfannee;region\n2024;84\n"
DATASETS = "/api/explore/v2.1/catalog/datasets"
ALD = f"/data.ameli.fr{DATASETS}/patients-longueduree-annuelle"
ALD_EXPORT = f"{ALD}/exports/csv?delimiter=%3B&use_labels=false&timezone=UTC"
APL = f"/data.drees.solidarites-sante.gouv.fr{DATASETS}/530_l-accessibilite-potentielle-localisee-apl"
FINESS = "/www.data.gouv.fr/api/1/datasets/finess-extraction-du-fichier-des-etablissements/"
STATIC = "https://static.data.gouv.fr/resources/finess"
COG = "/www.insee.fr/fr/statistiques/fichier/8740222/v_departement_2026.csv"


def manifest(**known):
    """A manifest of before, as landing gives it."""
    names = ("url", "etag", "last_modified", "producer_date")
    given = {"sha256": "0" * 64, "bytes": len(STOCK), "rows": 1}
    return SimpleNamespace(**given | dict.fromkeys(names) | known)


def manifest_of(download: Download, content: bytes, **changed):
    known = {name: getattr(download, name) for name in ("url", "etag", "last_modified", "producer_date")}
    return manifest(**{**known, "sha256": hashlib.sha256(content).hexdigest(), **changed})


def fetch(source_id, folder, previous=None):
    return extraction.fetch(get_source(source_id), previous, folder)


def metadata(portal, path, **metas):
    default = {
        "title": "Jeu",
        "license": "Licence Ouverte v2.0 (Etalab)",
        "modified": "2026-02-01T08:00:00+00:00",
        "data_processed": "2026-03-01T08:00:00+00:00",
        "metadata_processed": "2026-03-01T08:00:01.500000+00:00",
        "records_count": 1,
        **metas,
    }
    portal.reply_json(path, {"dataset_id": path.rsplit("/")[-1], "metas": {"default": default}})


# Opendatasoft: export ------------------------------------------------------------------------------


def ald(folder, previous=None):
    return fetch("ameli.patients_longueduree_annuelle", folder, previous)


def test_export(portal, reply, folder):
    metadata(portal, ALD)
    url = portal.reply(ALD_EXPORT, reply(CSV, headers={"Content-Type": "text/csv; charset=utf-8"}))
    assert ald(folder) == Download(
        path=folder / "patients-longueduree-annuelle.csv",
        url=url,
        licence="Licence Ouverte v2.0 (Etalab)",
        producer_date="2026-03-01T08:00:00+00:00",
        announced_rows=1,
    )
    assert (folder / "patients-longueduree-annuelle.csv").read_bytes() == CSV


def test_export_with_unmoved_dates_is_not_downloaded(portal, reply, folder):
    metadata(portal, ALD)
    portal.reply(ALD_EXPORT, reply(CSV))
    before = manifest_of(ald(folder), b"autre contenu")
    assert ald(folder, before) == Unchanged("date du producteur inchangée (2026-03-01T08:00:00+00:00)")
    assert len(portal.asked(ALD_EXPORT)) == 1


@pytest.mark.parametrize("moved", ["modified", "data_processed"])
def test_export_is_downloaded_when_either_date_moved(portal, reply, folder, moved):
    metadata(portal, ALD)
    portal.reply(ALD_EXPORT, reply(CSV))
    before = manifest_of(ald(folder), b"autre contenu")
    metadata(portal, ALD, **{moved: "2026-05-01T10:00:00+02:00"})
    assert ald(folder, before).producer_date == "2026-05-01T10:00:00+02:00"


def test_export_whose_date_stays_although_its_rows_moved_is_downloaded(portal, reply, folder):
    metadata(portal, ALD)
    portal.reply(ALD_EXPORT, reply(CSV))
    before = manifest_of(ald(folder), b"autre contenu")
    metadata(portal, ALD, records_count=2)
    assert ald(folder, before).announced_rows == 2


def test_export_from_another_address_is_downloaded(portal, reply, folder):
    metadata(portal, ALD)
    portal.reply(ALD_EXPORT, reply(CSV))
    before = manifest(url="https://ailleurs.fr/x", producer_date="2026-03-01T08:00:00+00:00")
    assert isinstance(ald(folder, before), Download)


def test_dates_are_compared_as_moments(portal, reply, folder):
    nine_utc, eight_utc = "2026-05-01T09:00:00+00:00", "2026-05-01T10:00:00+02:00"
    metadata(portal, ALD, modified=nine_utc, data_processed=eight_utc)
    portal.reply(ALD_EXPORT, reply(CSV))
    assert ald(folder).producer_date == nine_utc


def test_export_without_any_readable_date_is_downloaded(portal, reply, folder):
    metadata(portal, ALD, modified="en mars", data_processed=None)
    portal.reply(ALD_EXPORT, reply(CSV))
    first = ald(folder)
    assert first.producer_date is None
    assert isinstance(ald(folder, manifest_of(first, b"autre contenu")), Download)


def test_metadata_without_metas_are_refused(portal):
    portal.reply_json(ALD, {"message": "bonjour"})
    with pytest.raises(PortalError, match=r"metas\.default"):
        ald("inutile")


def test_metadata_out_of_order_stop_before_the_export(portal, folder):
    with pytest.raises(PortalError, match="404"):
        ald(folder)
    assert not folder.exists()
    assert portal.asked(ALD_EXPORT) == []


# Opendatasoft: attachment --------------------------------------------------------------------------

NEW_ID = "indicateur_d_apl_aux_medecins_generalistes_xlsx"


def apl(folder, previous=None):
    return fetch("drees.apl_medecins_generalistes", folder, previous)


def attachments(portal, *entries):
    """Entries (id, title, file name) in the shape of the portal."""
    listed = [
        {
            "href": f"https://data.drees.solidarites-sante.gouv.fr{DATASETS}/x/attachments/{identifier}",
            "metas": {"id": identifier, "title": title, "url": f"odsfile://{name}", "mime-type": "x"},
        }
        for identifier, title, name in entries
    ]
    portal.reply_json(f"{APL}/attachments", {"links": [], "attachments": listed})


def serve_apl(portal, reply, identifier=NEW_ID, body=b"PK classeur", **headers):
    return portal.reply(f"{APL}/attachments/{identifier}", reply(body, headers=headers))


MG = (NEW_ID, "Indicateur d'APL aux médecins généralistes.xlsx", "apl_mg_2026.xlsx")
NURSES = ("indicateur_d_apl_aux_infirmiers_xlsx", "Indicateur d'APL aux infirmiers.xlsx", "apl_inf.xlsx")


def test_attachment_is_found_through_the_metadata(portal, reply, folder):
    metadata(portal, APL)
    attachments(portal, NURSES, MG)
    url = serve_apl(portal, reply, ETag='"a1"')
    assert apl(folder) == Download(
        path=folder / "apl_mg_2026.xlsx",
        url=url,
        etag='"a1"',
        licence="Licence Ouverte v2.0 (Etalab)",
        producer_date="2026-03-01T08:00:01.500000+00:00",
    )


@pytest.mark.parametrize(
    "entry",
    [
        ("piece_1", "APL aux Médecins_Généralistes (XLSX)", "a.bin"),
        ("piece_1", "APL", "APL_Médecins_Généralistes_2026.xlsx"),
    ],
)
def test_attachment_matches_on_title_or_file_name_without_accents(portal, reply, folder, entry):
    metadata(portal, APL)
    attachments(portal, NURSES, entry)
    serve_apl(portal, reply, "piece_1")
    assert apl(folder).url.endswith("/attachments/piece_1")


def test_attachment_without_metas_is_named_by_its_address(portal, reply, folder):
    metadata(portal, APL)
    portal.reply_json(f"{APL}/attachments", {"attachments": [{"href": f"https://d.fr/attachments/{NEW_ID}"}]})
    serve_apl(portal, reply)
    assert apl(folder).path.name == NEW_ID


def test_no_matching_attachment_lists_those_found(portal, folder):
    metadata(portal, APL)
    attachments(portal, NURSES)
    with pytest.raises(PortalError) as error:
        apl(folder)
    assert "aucune pièce jointe ne répond" in str(error.value)
    assert "« Indicateur d'APL aux infirmiers.xlsx » (indicateur_d_apl_aux_infirmiers_xlsx)" in str(
        error.value
    )
    attachments(portal)
    with pytest.raises(PortalError, match="trouvé : aucune"):
        apl(folder)


def named(year):
    return (f"apl_{year}_medecins_generalistes_xlsx", f"APL {year}", f"apl{year}.xlsx")


def test_of_several_attachments_the_latest_dated_is_taken(portal, reply, folder):
    metadata(portal, APL)
    attachments(portal, named("2024"), named("2026"), named("2025"))
    serve_apl(portal, reply, named("2026")[0])
    assert apl(folder).path.name == "apl2026.xlsx"


@pytest.mark.parametrize("names", [("2024", "2024_bis"), ("2024", "")])
def test_several_attachments_that_no_date_tells_apart_are_refused(portal, folder, names):
    metadata(portal, APL)
    attachments(portal, *map(named, names))
    with pytest.raises(PortalError, match="plusieurs pièces jointes") as error:
        apl(folder)
    assert "apl_2024_medecins_generalistes_xlsx" in str(error.value)


def test_attachment_with_unmoved_dates_is_not_downloaded(portal, reply, folder):
    metadata(portal, APL)
    attachments(portal, MG)
    url = serve_apl(portal, reply)
    before = manifest_of(apl(folder), b"autre contenu")
    assert "date du producteur inchangée" in apl(folder, before).reason
    assert len(portal.asked(url.removeprefix(portal.base))) == 1


def test_attachment_of_a_touched_data_set_is_asked_for_with_its_etag(portal, reply, folder):
    metadata(portal, APL)
    attachments(portal, MG)
    serve_apl(portal, reply, ETag='"a1"')
    before = manifest_of(apl(folder), b"autre contenu")
    metadata(portal, APL, metadata_processed="2026-06-01T00:00:00+00:00")
    assert apl(folder, before) == Unchanged("le portail répond que le fichier n'a pas changé")
    serve_apl(portal, reply, body=b"PK nouveau", ETag='"a2"')
    assert apl(folder, before).etag == '"a2"'


def test_attachment_of_a_data_set_whose_data_moved_is_downloaded_whatever_its_etag(portal, reply, folder):
    metadata(portal, APL)
    attachments(portal, MG)
    serve_apl(portal, reply, ETag='"a1"')
    before = manifest_of(apl(folder), b"autre contenu")
    metadata(portal, APL, data_processed="2026-06-01T00:00:00+00:00")
    serve_apl(portal, reply, body=b"PK nouveau", ETag='"a1"')
    assert apl(folder, before).path.read_bytes() == b"PK nouveau"


# data.gouv.fr --------------------------------------------------------------------------------------

STOCK = b"finess;etalab\nstructureet;010000024\n"


def finess(folder, previous=None):
    return fetch("finess.etablissements", folder, previous)


def resource(day, content=STOCK, **changed):
    return {
        "id": day,
        "title": "Extraction Finess des établissements",
        "url": f"{STATIC}/{day}-094547/etalab-cs1100502-stock-{day}-0343.csv",
        "last_modified": f"{day[:4]}-{day[4:6]}-{day[6:]}T09:45:47.123000+00:00",
        "filesize": len(content),
        "checksum": {"type": "sha1", "value": hashlib.sha1(content).hexdigest()},
        **changed,
    }


def serve_finess(portal, reply, *resources, content=STOCK, **dataset):
    portal.reply_json(FINESS, {"license": "lov2", "resources": list(resources), **dataset})
    for one in resources:
        if one.get("url"):
            path = "/" + one["url"].removeprefix("https://")
            portal.reply(path, reply(content, headers={"Content-Type": "text/csv"}))


def test_latest_matching_resource_is_taken(portal, reply, folder):
    other = resource("20260901", title="Autre", url=f"{STATIC}/20260901/etalab-cs1100507-stock-20260901.csv")
    broken = resource("20261001", url=None)
    serve_finess(
        portal, reply, resource("20260311"), resource("20260711"), resource("20260511"), other, broken
    )
    assert finess(folder) == Download(
        path=folder / "etalab-cs1100502-stock-20260711-0343.csv",
        url=f"{portal.base}/static.data.gouv.fr/resources/finess/20260711-094547/"
        "etalab-cs1100502-stock-20260711-0343.csv",
        licence="lov2",
        producer_date="2026-07-11T09:45:47.123000+00:00",
    )


def test_resource_matches_on_its_title_too(portal, reply, folder):
    titled = resource("20260311", title="ETALAB-cs1100502-stock-20260311.CSV", url=f"{STATIC}/a/b.csv")
    serve_finess(portal, reply, titled)
    assert finess(folder).path.name == "b.csv"


def test_licence_of_the_contract_when_the_portal_has_none(portal, reply, folder):
    serve_finess(portal, reply, resource("20260311"), license=None)
    assert finess(folder).licence == "Licence Ouverte 2.0"


def test_no_matching_resource_lists_those_found(portal, reply, folder):
    serve_finess(portal, reply, resource("20260311", title="Géolocalisation", url=f"{STATIC}/geo.csv"))
    with pytest.raises(PortalError, match=r"aucune ressource .*« Géolocalisation / geo\.csv »"):
        finess(folder)
    serve_finess(portal, reply)
    with pytest.raises(PortalError, match="trouvé : aucune"):
        finess(folder)


def test_resource_with_unmoved_date_is_not_downloaded(portal, reply, folder):
    serve_finess(portal, reply, resource("20260311"))
    first = finess(folder)
    before = manifest_of(first, b"autre contenu")
    assert "date du producteur inchangée" in finess(folder, before).reason
    assert len(portal.asked(first.url.removeprefix(portal.base))) == 1


def test_resource_whose_date_stays_although_its_size_moved_is_downloaded(portal, reply, folder):
    serve_finess(portal, reply, resource("20260311"))
    before = manifest_of(finess(folder), STOCK)
    longer = STOCK + b"structureet;010000032\n"
    serve_finess(portal, reply, resource("20260311", longer), content=longer)
    assert finess(folder, before).path.read_bytes() == longer


def test_resource_at_another_address_is_downloaded(portal, reply, folder):
    serve_finess(portal, reply, resource("20260311"))
    before = manifest_of(finess(folder), b"autre contenu", url="https://ailleurs.fr/f.csv")
    assert isinstance(finess(folder, before), Download)


def test_resource_with_known_sha256_is_not_downloaded(portal, reply, folder):
    digest = hashlib.sha256(STOCK).hexdigest()
    serve_finess(portal, reply, resource("20260311", checksum={"type": "sha256", "value": digest.upper()}))
    assert "empreinte annoncée" in finess(folder, manifest(sha256=digest)).reason
    assert not folder.exists()
    assert isinstance(finess(folder, manifest()), Download)


@pytest.mark.parametrize("kind", ["sha1", "sha256", "sha2", "md5"])
def test_wrong_checksum_is_refused(portal, reply, folder, kind):
    good = hashlib.new({"sha2": "sha256"}.get(kind, kind), STOCK).hexdigest()
    serve_finess(portal, reply, resource("20260311", checksum={"type": kind, "value": good}))
    assert isinstance(finess(folder), Download)
    serve_finess(portal, reply, resource("20260311", checksum={"type": kind, "value": "0" * len(good)}))
    with pytest.raises(PortalError, match="empreinte"):
        finess(folder)
    assert list(folder.iterdir()) == []


def test_wrong_size_is_refused(portal, reply, folder):
    serve_finess(portal, reply, resource("20260311", filesize=1_000_000, checksum=None))
    with pytest.raises(PortalError, match=f"{len(STOCK)} octets reçus, 1000000 annoncés"):
        finess(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("checksum", [None, {"type": "crc", "value": "12"}])
def test_resource_without_a_usable_checksum_is_taken(portal, reply, folder, checksum):
    serve_finess(portal, reply, resource("20260311", filesize=None, checksum=checksum))
    assert finess(folder).path.read_bytes() == STOCK


# Plain file ----------------------------------------------------------------------------------------

DATE = "Tue, 03 Mar 2026 10:00:00 GMT"


def cog(folder, previous=None):
    return fetch("insee.cog_departements", folder, previous)


def test_plain_file(portal, reply, folder):
    url = portal.reply(COG, reply(CSV, headers={"ETag": '"a1"', "Last-Modified": DATE}))
    assert cog(folder) == Download(
        path=folder / "v_departement_2026.csv",
        url=url,
        etag='"a1"',
        last_modified=DATE,
        licence="Licence Ouverte 2.0",
        producer_date="2026-03-03T10:00:00+00:00",
    )


@pytest.mark.parametrize("validator", [{"ETag": '"a1"'}, {"Last-Modified": DATE}])
def test_plain_file_not_modified(portal, reply, folder, validator):
    portal.reply(COG, reply(CSV, headers=validator))
    before = manifest_of(cog(folder), b"autre contenu")
    assert cog(folder, before) == Unchanged("le portail répond que le fichier n'a pas changé")


def test_validators_of_another_address_are_not_sent(portal, reply, folder):
    portal.reply(COG, reply(CSV, headers={"ETag": '"a1"'}))
    assert isinstance(cog(folder, manifest(url="https://ailleurs.fr/2025.csv", etag='"a1"')), Download)
    assert "if-none-match" not in portal.requests[0].headers


def test_plain_file_without_validators_is_downloaded(portal, reply, folder):
    portal.reply(COG, reply(CSV))
    before = manifest_of(cog(folder), CSV)
    assert before.etag is None and before.producer_date is None
    assert isinstance(cog(folder, before), Download)


def test_html_in_place_of_a_plain_file_is_refused(portal, reply, folder):
    portal.reply(COG, reply(b"<!doctype html>"))
    with pytest.raises(PortalError, match="page HTML"):
        cog(folder)


# All -----------------------------------------------------------------------------------------------


def test_unknown_protocol_is_a_configuration_error(folder):
    source = SimpleNamespace(id="x.y", protocol="telex")
    with pytest.raises(ConfigurationError, match="telex"):
        extraction.fetch(source, None, folder)


def test_every_source_of_the_catalogue_has_a_protocol_and_what_it_needs():
    needs = {
        "opendatasoft": ["jeu"],
        "piece_jointe": ["jeu", "piece"],
        "datagouv": ["jeu", "piece"],
        "fichier": ["chemin"],
        "melodi": ["jeu", "parametres"],
    }
    for source in map(get_source, fetched_sources()):
        assert source.protocol in extraction.PROTOCOLS
        assert all(source.meta.get(key) for key in needs[source.protocol]), source.id


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://d.fr/a/fichier%20d'essai.csv?x=1", "fichier d'essai.csv"),
        ("https://d.fr/a/../../.bashrc", "bashrc"),
        ("https://d.fr/%2e%2e%2fb%5Cc.csv", "b_c.csv"),
        ("https://d.fr/", "d.fr"),
        ("..", "fichier"),
    ],
)
def test_file_name_is_safe(address, name):
    assert file_name(address) == name


def test_plain():
    assert plain("Médecins Généralistes (Œ)") == "medecins generalistes (œ)"
