"""What moved from one publication to another, and why; as plain data, for a page or for a test.

Both are folders that hold ``entrepot.duckdb`` and what the publication says of itself: a served version
(``version.json``) or a frozen release (``release.json``).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from acces_soins import content, history
from acces_soins.errors import ConfigurationError
from acces_soins.publication import VERSION_FILE
from acces_soins.query import records
from acces_soins.sql_text import literal
from acces_soins.warehouse import DATABASE

RELEASE_FILE = "release.json"
SHOWN_BY_INDICATOR = 5
# How a point differs, in the order in which it is told.
REVISED, WITHDRAWN, APPEARED, REFRESHED, STATUS, ADDED, REMOVED = NATURES = (
    "revisee",
    "retiree",
    "apparue",
    "actualisee",
    "statut",
    "ajoutee",
    "supprimee",
)
# Tables that tell of the run itself: they differ each night, whatever the figures do.
OF_THE_RUN = ("qualite", "fraicheur_sources", "editions", "calendrier", "revisions", history.KNOWN_MART)
# Columns that tell from which file a row was read, and when: the same figure read again is no change.
OF_THE_FILE = ("edition", "sha256", "date_extraction")

_POINTS = """
with avant as (select * from ancienne.marts.indicateurs_trimestriels where $has_old),
apres as (select * from nouvelle.marts.indicateurs_trimestriels),
raisons as (
    select code_indicateur, niveau, code_territoire, trimestre, last(raison order by rang) as raison
    from nouvelle.marts.revisions
    inner join publications_entre using (publication_nouvelle)
    group by all
),
appariees as (
    select
        coalesce(apres.code_indicateur, avant.code_indicateur) as code_indicateur,
        coalesce(apres.niveau, avant.niveau) as niveau,
        coalesce(apres.code_territoire, avant.code_territoire) as code_territoire,
        coalesce(apres.libelle_territoire, avant.libelle_territoire) as libelle_territoire,
        coalesce(apres.trimestre, avant.trimestre) as trimestre,
        -- The report goes with a release: what our secret covers by now is not told again.
        if(apres.motif = 'secret', null, avant.valeur) as ancienne,
        apres.valeur as nouvelle,
        avant.statut as statut_ancien,
        apres.statut as statut_nouveau,
        avant.motif as motif_ancien,
        apres.motif as motif_nouveau,
        case
            when avant.statut is null then 'ajoutee'
            when apres.statut is null then 'supprimee'
            when avant.valeur is null and apres.valeur is not null then 'apparue'
            when avant.valeur is not null and apres.valeur is null then 'retiree'
            when round(avant.valeur, 9) <> round(apres.valeur, 9)
                and avant.statut = 'reporte' and apres.date_reference > avant.date_reference then 'actualisee'
            when round(avant.valeur, 9) <> round(apres.valeur, 9) then 'revisee'
            when avant.statut <> apres.statut or avant.motif is distinct from apres.motif then 'statut'
        end as nature
    from avant
    full join apres using (code_indicateur, niveau, code_territoire, trimestre)
)
select
    appariees.*,
    nouvelle - ancienne as ecart,
    100 * (nouvelle - ancienne) / nullif(abs(ancienne), 0) as ecart_pct,
    if(nature in ('revisee', 'retiree'), raisons.raison, null) as raison
from appariees
left join raisons using (code_indicateur, niveau, code_territoire, trimestre)
"""


_TABLES = (
    "select table_name from duckdb_tables() where database_name = ? and schema_name = 'marts' order by 1"
)


@dataclass(frozen=True)
class Side:
    """One of the two publications: its folder, its name, and what its build was made of.

    ``version`` is the version that a release froze; ``editions`` maps « source/edition » to a sha256.
    """

    folder: Path
    name: str
    version: str
    published_at: str
    closing: str
    commit: str
    trial: bool
    editions: dict[str, str]

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    def describe(self) -> dict:
        return {
            "nom": self.name,
            "version": self.version,
            "publie_le": self.published_at,
            "date_arrete": self.closing,
            "commit": self.commit,
        }


def read_side(folder: Path) -> Side:
    """The publication kept in ``folder``; raises ConfigurationError for a folder that holds none."""
    frozen, served = folder / RELEASE_FILE, folder / VERSION_FILE
    if frozen.is_file():
        told = json.loads(frozen.read_text(encoding="utf-8"))
        name, published, inputs = told["publication"], told["figee_le"], told["entrees"]
    elif served.is_file():
        inputs = told = json.loads(served.read_text(encoding="utf-8"))
        name, published = told["version"], told["publie_le"]
    else:
        raise ConfigurationError(
            f"{folder} : attendu une version ou une publication figée ; "
            f"ni {VERSION_FILE} ni {RELEASE_FILE} n'y est."
        )
    return Side(
        folder=folder,
        name=name,
        version=told["version"],
        published_at=published,
        closing=inputs["date_arrete"],
        commit=inputs["commit"],
        trial=inputs["donnees"] == "essai",
        editions=inputs["editions"],
    )


def compare(old: Side | None, new: Side) -> dict:
    """What moved from ``old`` to ``new``; ``old`` is None before the first release.

    Returns plain data: ``resume`` (points by nature of the change), ``indicateurs`` (per code: points by
    nature, the ``SHOWN_BY_INDICATOR`` largest changes with both values and statuses, France's last
    figures), ``revisions`` (points by reason and indicator; ``raison`` is null where no publication
    between the two explains it), ``series_nouvelles`` and ``series_arretees`` (indicator × level that
    gained its first value, or lost its last), ``editions`` (files that changed), ``methodes``,
    ``tables`` (published tables whose rows differ), ``avertissements`` (the checks of the new one that found
    something, none of them critical) and ``identiques`` (nothing moved).
    """
    with duckdb.connect() as connection:
        _attach(connection, old, new)
        connection.execute(f"create temp table points as {_POINTS}", {"has_old": old is not None})
        told = {
            "essai": new.trial,
            "ancienne": old.describe() if old else None,
            "nouvelle": new.describe(),
            "resume": _summary(connection),
            "indicateurs": _indicators(connection, without_old=old is None),
            "revisions": _revisions(connection),
            "series_nouvelles": _series(connection, "nouvelle", "ancienne") if old else [],
            "series_arretees": _series(connection, "ancienne", "nouvelle") if old else [],
            "editions": _editions(old, new) if old else [],
            "methodes": _methods(connection) if old else [],
            "tables": _tables(connection) if old else [],
            "avertissements": _warnings(connection),
        }
    moved = any(told["resume"][nature] for nature in NATURES) or told["tables"] or told["methodes"]
    return told | {"identiques": not moved}


def _attach(connection: duckdb.DuckDBPyConnection, old: Side | None, new: Side) -> None:
    """Both files, read-only, and the publications between them."""
    connection.execute(f"attach {literal(new.database)} as nouvelle (read_only)")
    if old and old.database.resolve() != new.database.resolve():
        connection.execute(f"attach {literal(old.database)} as ancienne (read_only)")
    else:
        # One file is attached once: the same tables under the other name.
        connection.execute("attach ':memory:' as ancienne; create schema ancienne.marts")
        for (table,) in connection.execute(_TABLES, ["nouvelle"]).fetchall():
            connection.execute(f'create view ancienne.marts."{table}" as from nouvelle.marts."{table}"')
    connection.execute("create temp table publications_entre (publication_nouvelle varchar, rang integer)")
    for rank, name in enumerate(_between(old, new)):
        connection.execute("insert into publications_entre values (?, ?)", [name, rank])


def _between(old: Side | None, new: Side) -> list[str]:
    """The publications after ``old`` up to ``new``: those whose revisions explain what changed."""
    order = history.publications()
    if old is None or old.version not in order or new.version not in order:
        return [new.version]
    return order[order.index(old.version) + 1 : order.index(new.version) + 1]


def _summary(connection: duckdb.DuckDBPyConnection) -> dict:
    counts = dict(
        connection.execute("select coalesce(nature, 'inchangee'), count(*) from points group by 1").fetchall()
    )
    return {nature: counts.get(nature, 0) for nature in (*NATURES, "inchangee")}


def _indicators(connection: duckdb.DuckDBPyConnection, without_old: bool) -> list[dict]:
    counts = ", ".join(f"count(*) filter (nature = '{nature}') as {nature}" for nature in NATURES)
    rows = records(
        connection,
        f"select code_indicateur, libelle, unite, decimales, {counts} from points "
        "left join (select code_indicateur, libelle, unite, decimales "
        "from nouvelle.marts.catalogue_indicateurs) using (code_indicateur) "
        "group by all order by code_indicateur",
    )
    for row in rows:
        row["plus_forts"] = [] if without_old else _largest(connection, row["code_indicateur"])
        row["france"] = {
            side: _last_of_france(connection, side, row["code_indicateur"])
            for side in (("nouvelle",) if without_old else ("ancienne", "nouvelle"))
        }
    return rows


def _largest(connection: duckdb.DuckDBPyConnection, code: str) -> list[dict]:
    """The largest relative changes of the figures that both sides could have; a withdrawn figure first."""
    return records(
        connection,
        "select niveau, code_territoire, libelle_territoire, trimestre, ancienne, nouvelle, ecart, "
        "ecart_pct, statut_ancien, statut_nouveau, motif_ancien, motif_nouveau, nature, raison from points "
        "where code_indicateur = $code "
        "and nature in ('revisee', 'retiree', 'actualisee', 'apparue', 'statut') "
        "order by nature in ('apparue', 'statut'), abs(ecart_pct) desc nulls first, "
        f"abs(ecart) desc nulls first, trimestre desc, niveau, code_territoire limit {SHOWN_BY_INDICATOR}",
        {"code": code},
    )


def _last_of_france(connection: duckdb.DuckDBPyConnection, side: str, code: str) -> dict | None:
    rows = records(
        connection,
        f"select trimestre, valeur, statut, date_reference::varchar as date_reference "
        f"from {side}.marts.indicateurs_trimestriels "
        "where code_indicateur = $code and niveau = 'france' and valeur is not null and trimestre not in "
        "(select trimestre from nouvelle.marts.indicateurs_trimestriels "
        "where code_indicateur = $code and niveau = 'france' and motif = 'secret') "
        "order by trimestre desc limit 1",
        {"code": code},
    )
    return rows[0] if rows else None


def _revisions(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    return records(
        connection,
        "select raison, code_indicateur, count(*) as nb from points where nature in ('revisee', 'retiree') "
        "group by all order by raison nulls first, nb desc, code_indicateur",
    )


def _series(connection: duckdb.DuckDBPyConnection, present: str, absent: str) -> list[dict]:
    """Indicator × level with a figure on one side and none on the other."""
    return records(
        connection,
        f"select code_indicateur, niveau, count({present}) as nb from points group by all "
        f"having count({present}) > 0 and count({absent}) = 0 order by all",
    )


def _editions(old: Side, new: Side) -> list[dict]:
    changed = []
    for name in sorted(old.editions.keys() | new.editions.keys()):
        before, after = old.editions.get(name), new.editions.get(name)
        if before != after:
            source, _, edition = name.partition("/")
            nature = "nouvelle" if before is None else "retiree" if after is None else "revisee"
            changed.append(
                {
                    "source": source,
                    "edition": edition,
                    "nature": nature,
                    "ancienne": before,
                    "nouvelle": after,
                }
            )
    return changed


def _methods(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    return records(
        connection,
        "select code_indicateur, avant.version_methode as ancienne, apres.version_methode as nouvelle "
        "from ancienne.marts.catalogue_indicateurs as avant "
        "inner join nouvelle.marts.catalogue_indicateurs as apres using (code_indicateur) "
        "where avant.version_methode <> apres.version_methode order by 1",
    )


def _warnings(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    return records(
        connection,
        "select controle, attendu, observe from nouvelle.marts.qualite "
        "where frontiere = 'sortie' and resultat = 'echoue' order by controle, attendu",
    )


def _tables(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    """The published tables whose columns or rows differ, with their numbers of rows."""
    sides = {side: _fingerprints(connection, side) for side in ("ancienne", "nouvelle")}
    return [
        {"table": name, "lignes_avant": before and before[0], "lignes_apres": after and after[0]}
        for name in sorted(sides["ancienne"].keys() | sides["nouvelle"].keys())
        if (before := sides["ancienne"].get(name)) != (after := sides["nouvelle"].get(name))
    ]


def _fingerprints(connection: duckdb.DuckDBPyConnection, side: str) -> dict[str, tuple]:
    """Rows, hash and columns of each table that tells of figures or of definitions."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = 'marts' order by table_name, column_index",
        [side],
    ).fetchall():
        if table not in OF_THE_RUN and column not in OF_THE_FILE:
            found.setdefault(table, {})[column] = kind
    return {
        table: (*content.table_hash(connection, f'{side}.marts."{table}"', columns), tuple(columns.items()))
        for table, columns in found.items()
    }
