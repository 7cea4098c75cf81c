"""Whether a frozen release is still what was frozen: its bytes, its schema, its sums."""

import re
from pathlib import Path

import duckdb

from acces_soins import french, frozen, history, ledger
from acces_soins.comparison import RELEASE_FILE
from acces_soins.contracts import Contracts, marts_contracts
from acces_soins.errors import AccesSoinsError
from acces_soins.formats import checksums
from acces_soins.landing import sha256_of
from acces_soins.warehouse import DATABASE, published_relations

_LINE = re.compile(r"^([0-9a-f]{64})  (.+)$")
_SHOWN = 5
# Additive indicators, where nothing is missing from the sum: every part has a figure of the quarter. A total
# may hold more than its régions (its producer counts residences that are of none), never less.
_SUMS = """
with points as (
    select points.*, territoires.code_region
    from marts.indicateurs_trimestriels as points
    inner join marts.catalogue_indicateurs as catalogue
        on catalogue.code_indicateur = points.code_indicateur and catalogue.additif
    inner join marts.territoires as territoires
        on territoires.niveau = points.niveau and territoires.code_territoire = points.code_territoire
),
sommes as (
    select
        code_indicateur,
        trimestre,
        niveau as parties,
        if(grouping(code_region) = 1, 'france', 'region') as niveau,
        if(grouping(code_region) = 1, 'FR', code_region) as code_territoire,
        sum(valeur) as somme
    from points
    where niveau in ('departement', 'region')
    group by code_indicateur, trimestre, parties, grouping sets ((code_region), ())
    having bool_and(statut = 'hors_champ' or (statut in ('observe', 'provisoire') and age_trimestres = 0))
)
select
    totaux.code_indicateur,
    totaux.niveau,
    totaux.code_territoire,
    totaux.trimestre,
    sommes.parties,
    totaux.valeur,
    sommes.somme,
    case sommes.parties
        when 'departement' then totaux.valeur is null or abs(sommes.somme - totaux.valeur) > 1e-6
        else totaux.valeur is null or sommes.somme > totaux.valeur + 1e-6
    end as est_inegal,
    rapprochements.ecart is not null as est_dit
from points as totaux
inner join sommes
    on sommes.code_indicateur = totaux.code_indicateur
    and sommes.trimestre = totaux.trimestre
    and sommes.niveau = totaux.niveau
    and sommes.code_territoire = totaux.code_territoire
    and sommes.parties <> totaux.niveau
left join marts.rapprochements as rapprochements
    on rapprochements.rapprochement = 'somme_des_departements'
    and rapprochements.code_indicateur = totaux.code_indicateur
    and rapprochements.niveau = totaux.niveau
    and rapprochements.code_territoire = totaux.code_territoire
    and rapprochements.trimestre = totaux.trimestre
    and abs(rapprochements.ecart - (sommes.somme - totaux.valeur)) < 1e-6
where totaux.statut in ('observe', 'provisoire') and totaux.age_trimestres = 0
order by all
"""
_PARTS = {"departement": "départements", "region": "régions"}


def verify(folder: Path) -> list[str]:
    """Verify the folder of a frozen release; returns what was found good, one French sentence each.

    Raises AccesSoinsError with every fault: the file whose bytes changed, that is missing or that was
    added, the table that left its contract, the sum that does not hold.
    """
    if faults := _byte_faults(folder):
        # What the bytes no longer prove, the figures cannot.
        raise AccesSoinsError(_told(folder.name, faults))
    contracts = frozen.read_json(folder / RELEASE_FILE)["contrats"]
    good, faults = judge(folder / DATABASE, contracts)
    if faults:
        raise AccesSoinsError(_told(folder.name, faults))
    return [f"{len(list(checksums.covered(folder)))} fichiers intacts, aucun de trop", *good]


def judge(database: Path, contracts: Contracts) -> tuple[list[str], list[str]]:
    """What a published file has right and what it has wrong, by its tables, its figures and their sums.

    French sentences. A candidate is judged before it is proposed as a release is afterwards.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        if faults := schema_faults(connection, contracts):
            # Sums are read in tables that follow their contracts.
            return [], faults
        if not connection.execute(f"select count(valeur) from marts.{history.MART}").fetchone()[0]:
            return [], [f"{DATABASE}, table {history.MART} : attendu des chiffres ; trouvé aucun."]
        sums, unequal = _check_sums(connection)
    return [f"{len(contracts)} tables conformes à leurs contrats", sums], unequal


def published_contracts() -> Contracts:
    """The contracts of the marts that are published, as DuckDB names their types."""
    marts = marts_contracts()
    return {
        table: {column: kind.lower() for column, kind in marts[table].items()}
        for table in published_relations()
    }


def schema_faults(connection: duckdb.DuckDBPyConnection, contracts: Contracts) -> list[str]:
    """What differs between the tables of a published file and contracts, one French sentence each."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, lower(data_type) from duckdb_columns() where schema_name = 'marts' "
        "order by table_name, column_index"
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    faults = []
    for table, wanted in contracts.items():
        names = wanted.keys() | found.get(table, {}).keys()
        differing = sorted(name for name in names if wanted.get(name) != found.get(table, {}).get(name))
        if table not in found:
            faults.append(f"{DATABASE} : la table {table} manque.")
        elif differing:
            faults.append(f"{DATABASE}, table {table} : colonnes hors contrat ({', '.join(differing)}).")
    return faults


def _byte_faults(folder: Path) -> list[str]:
    sums = folder / checksums.FILE
    if not sums.is_file():
        return [f"{checksums.FILE} manque : rien ne prouve plus les autres fichiers."]
    lines = [_LINE.match(line) for line in sums.read_text(encoding="utf-8").splitlines()]
    faults = [] if all(lines) else [f"{checksums.FILE} : ligne illisible."]
    expected = {line[2]: line[1] for line in lines if line}
    present = {path.relative_to(folder).as_posix(): path for path in checksums.covered(folder)}
    faults += [f"{name} manque." for name in sorted(expected.keys() - present.keys())]
    faults += [f"{name} a été ajouté." for name in sorted(present.keys() - expected.keys())]
    faults += [
        f"{name} a changé."
        for name in sorted(expected.keys() & present.keys())
        if sha256_of(present[name]) != expected[name]
    ]
    entered = [event for event in ledger.read(ledger.RELEASES) if event["publication"] == folder.name]
    if not entered:
        faults.append("le registre ne connaît pas cette publication.")
    elif entered[0]["empreinte_sommes"] != sha256_of(sums):
        faults.append(f"{checksums.FILE} n'est plus celui que le registre a inscrit.")
    return faults


def _check_sums(connection: duckdb.DuckDBPyConnection) -> tuple[str, list[str]]:
    """The sentence that counts them, and the totals that are not the sum of their parts.

    A gap that the release itself tells in ``rapprochements`` is no fault: a producer's total may hold
    residences that are of no département.
    """
    rows = connection.execute(_SUMS).fetchall()
    faults = [
        f"{DATABASE}, {code} {quarter}, {level} {territory} : attendu la somme des {_PARTS[parts]} "
        f"({french.exact(total)}) ; trouvé {'aucune valeur' if value is None else french.exact(value)}."
        for code, level, territory, quarter, parts, value, total, unequal, told in rows
        if unequal and not told
    ]
    told = sum(row[-2] and row[-1] for row in rows)
    return (
        f"{french.number(len(rows))} totaux égaux à la somme de leurs parties"
        + (f", dont {told} avec un écart que la table rapprochements dit" if told else ""),
        faults[:_SHOWN] + ([f"et {len(faults) - _SHOWN} autres totaux."] if len(faults) > _SHOWN else []),
    )


def _told(name: str, faults: list[str]) -> str:
    return (
        f"{name} n'est plus ce qui a été figé : {' '.join(faults)} "
        "Ne plus la diffuser ; la reprendre d'une sauvegarde."
    )
