"""From a published file to the PDFs, their archives by région and their index."""

import csv
import datetime as dt
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path

import duckdb
import typst

from acces_soins.errors import ConfigurationError
from acces_soins.factsheets import data
from acces_soins.formats.about import About
from acces_soins.publication import VERSION_FILE
from acces_soins.settings import get_settings
from acces_soins.warehouse import DATABASE

TEMPLATE = Path(__file__).parent / "fiche.typ"
FONTS = "font_source_sans_pro"
INDEX, NOTICE = "index.csv", "LISEZ-MOI.txt"
PAGES = 2
# Tagged and archivable: universal accessibility, and PDF/A of the level that keeps the structure.
STANDARDS = ["a-2a", "ua-1"]


def write(database: Path, target: Path, about: About, departments: Sequence[str] | None = None) -> list[Path]:
    """Write the factsheets of a publication into ``target``; returns the files, sorted.

    Args:
        database: a published ``entrepot.duckdb``; opened read-only.
        target: folder of the sheets, made if need be.
        about: what the sheets say of the publication. The same tables and ``about`` give the same bytes.
        departments: codes wanted, all by default; the archives by région are made with all of them only.

    Raises ConfigurationError for a code that is no département.
    """
    target.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(database), read_only=True) as connection:
        known = data.departments(connection)
        _check(departments, known)
        compile_sheet = compiler()
        made = []
        for sheet in data.read(connection, about, departments):
            path = target / f"fiche-{sheet['code']}.pdf"
            path.write_bytes(compile_sheet(sheet))
            made.append((sheet, path))
    archives = [] if departments else list(_archives(made, target, about))
    index = _index(made, target, about, with_archives=not departments)
    return sorted([path for _, path in made] + archives + [index])


def write_served(target: Path | None = None, departments: Sequence[str] | None = None) -> list[Path]:
    """The same for the served version; ``target`` is a folder of its own by default.

    Raises ConfigurationError before the first publication.
    """
    settings = get_settings()
    # The link is read once: the file and what it says of itself are of one version.
    folder = settings.current.resolve()
    if not (folder / DATABASE).is_file():
        raise ConfigurationError(
            f"{settings.current} : rien n'est encore publié. Lancer « make run » d'abord."
        )
    version = json.loads((folder / VERSION_FILE).read_text(encoding="utf-8"))
    about = About.of(
        version,
        name=version["version"],
        kind="version",
        published_at=version["publie_le"],
        parent=version["parent"],
    )
    return write(folder / DATABASE, target or settings.factsheets / about.name, about, departments)


def compiler() -> Callable[[dict], bytes]:
    """A function: content of a sheet → bytes of its PDF; the fonts and the template are read once.

    System fonts are left out, and the document bears the publication's date: a new machine gives the same.
    """
    folder = str(resources.files(FONTS) / "files")
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[folder])
    engine = typst.Compiler(TEMPLATE, font_paths=fonts)

    def compile_sheet(sheet: dict) -> bytes:
        return engine.compile(
            sys_inputs={"fiche": json.dumps(sheet, ensure_ascii=False)},
            pdf_standards=STANDARDS,
        )

    return compile_sheet


def _check(wanted: Sequence[str] | None, known: Sequence[dict]) -> None:
    codes = {department["code"] for department in known}
    for code in wanted or ():
        if code not in codes:
            raise ConfigurationError(
                f"« {code} » : attendu le code Insee d'un département (01 à 95, 2A, 2B, 971 à 976). "
                "La table marts.territoires donne la liste."
            )


def _archives(made: Sequence[tuple[dict, Path]], target: Path, about: About) -> Iterator[Path]:
    """One archive per région: its sheets and what to know of them, dated of the publication."""
    moment = about.published_at.astimezone(dt.UTC).timetuple()[:6]
    for region in sorted({sheet["region_code"] for sheet, _ in made}):
        archive = target / archive_name(region)
        sheets = {path.name: path.read_bytes() for sheet, path in made if sheet["region_code"] == region}
        with zipfile.ZipFile(archive, "w") as stream:
            for name, content in (sheets | {NOTICE: about.notice.encode()}).items():
                entry = zipfile.ZipInfo(name, date_time=moment)
                entry.external_attr = 0o644 << 16
                stream.writestr(entry, content, zipfile.ZIP_DEFLATED)
        yield archive


def archive_name(region: str) -> str:
    return f"fiches-region-{region}.zip"


def _index(made: Sequence[tuple[dict, Path]], target: Path, about: About, with_archives: bool) -> Path:
    """What was made, one row per sheet."""
    path = target / INDEX
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["code_departement", "libelle_departement", "code_region", "libelle_region", "fichier", "archive",
             "octets", "sha256", "publication", "donnees"]
        )  # fmt: skip
        for sheet, file in made:
            content = file.read_bytes()
            writer.writerow(
                [sheet["code"], sheet["label"], sheet["region_code"], sheet["region_label"], file.name,
                 archive_name(sheet["region_code"]) if with_archives else "", len(content),
                 hashlib.sha256(content).hexdigest(), about.name, "essai" if sheet["trial"] else "direct"]
            )  # fmt: skip
    return path
