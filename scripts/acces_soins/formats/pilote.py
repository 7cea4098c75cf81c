"""The exchange file of PILOTE, the State's steering tool: initial, current and target values by zone.

Its contract (DITP, Table Schema « sans contraintes »): « ; », UTF-8, one row for each indicator, zone, date
and type of value (vi, va, vc); shares go from 0 to 100. An empty cell would erase what PILOTE knows: a value
that is not there has no row. Carried figures have none either, since they would be dated twice.

That contract has no room for doubts: ``correspondances.csv`` and the description of ``schema.json`` say which
identifiers were read at the producer's and which were deduced. They come from the seed ``ref_pilote``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from acces_soins.errors import AccesSoinsError
from acces_soins.formats.about import TRIAL, About
from acces_soins.query import records
from acces_soins.sql_text import literal

FOLDER, FILE, SCHEMA, LINKS = "pilote", "pilote.csv", "schema.json", "correspondances.csv"
DEDUCED = "deduite"
ZONES = (
    r"^(D(0[1-9]|1\d|2[1-9]|2[AB]|[3-8]\d|9[0-5]|97[12346])"
    r"|R(0[12346]|11|2[478]|32|44|5[23]|7[56]|84|9[34])|FRANCE)$"
)
FIELDS = [
    {
        "name": "identifiant_indic",
        "type": "string",
        "description": "Identifiant de l'indicateur dans PILOTE.",
        "constraints": {"required": True, "pattern": r"^IND-\d{3}$"},
    },
    {
        "name": "zone_id",
        "type": "string",
        "description": "D et le code du département, R et celui de la région, ou FRANCE.",
        "constraints": {"required": True, "pattern": ZONES},
    },
    {
        "name": "date_valeur",
        "type": "date",
        "description": "Date à laquelle la valeur se rapporte, ou échéance de la cible.",
        "constraints": {"required": True},
    },
    {
        "name": "type_valeur",
        "type": "string",
        "description": "vi (valeur initiale), va (valeur actuelle) ou vc (valeur cible).",
        "constraints": {"required": True, "enum": ["vi", "va", "vc"]},
    },
    {
        "name": "valeur",
        "type": "number",
        "description": "Valeur, à point décimal ; un taux va de 0 à 100.",
        "constraints": {"required": True},
    },
]
KEY = ["identifiant_indic", "zone_id", "date_valeur", "type_valeur"]

ROWS = """
with suivis as (
    select
        objectifs.code_indicateur,
        objectifs.identifiant_pilote,
        catalogue.decimales,
        catalogue.unite,
        min(objectifs.date_base) as date_base
    from marts.objectifs
    inner join marts.catalogue_indicateurs as catalogue using (code_indicateur)
    where objectifs.identifiant_pilote is not null
    group by all
),

points as (
    select
        suivis.identifiant_pilote as identifiant_indic,
        suivis.unite,
        suivis.date_base,
        chiffres.niveau,
        chiffres.code_territoire,
        chiffres.date_reference as date_valeur,
        arg_max(round(chiffres.valeur, suivis.decimales), chiffres.trimestre) as valeur
    from marts.indicateurs_trimestriels as chiffres
    inner join suivis using (code_indicateur)
    where chiffres.valeur is not null and chiffres.statut in ('observe', 'provisoire', 'estime')
    group by all
),

-- Where each zone stood on the day from which the target counts: its last point of that day.
initiales as (
    select * from points
    where date_valeur <= date_base
    qualify row_number() over (
        partition by identifiant_indic, niveau, code_territoire order by date_valeur desc
    ) = 1
),

cibles as (
    select
        suivis.identifiant_pilote as identifiant_indic,
        suivis.unite,
        objectifs.niveau,
        objectifs.code_territoire,
        objectifs.echeance as date_valeur,
        objectifs.cible as valeur
    from marts.objectifs
    inner join suivis using (code_indicateur)
    where objectifs.nature = 'valeur' and objectifs.echeance is not null
),

toutes as (
    select 'vi' as type_valeur, * exclude (date_base) from initiales
    union all by name
    select 'va' as type_valeur, * exclude (date_base) from points
    union all by name
    select 'vc' as type_valeur, * from cibles
)

select
    identifiant_indic,
    case niveau
        when 'france' then 'FRANCE'
        when 'region' then 'R' || code_territoire
        else 'D' || code_territoire
    end as zone_id,
    date_valeur,
    type_valeur,
    valeur,
    unite
from toutes
order by identifiant_indic, zone_id, date_valeur, type_valeur
"""


IDENTIFIERS = """
select distinct
    objectifs.identifiant_pilote as identifiant_indic,
    objectifs.code_indicateur,
    catalogue.libelle,
    objectifs.correspondance_pilote as correspondance,
    objectifs.remarque_pilote as remarque
from marts.objectifs
inner join marts.catalogue_indicateurs as catalogue using (code_indicateur)
where objectifs.identifiant_pilote is not null
order by identifiant_indic, code_indicateur
"""


def write(connection: duckdb.DuckDBPyConnection, folder: Path, about: About) -> list[Path]:
    """Write ``pilote/pilote.csv``, its ``schema.json`` and ``correspondances.csv``.

    Raises AccesSoinsError for a share that does not lie between 0 and 100: it is never capped.
    """
    place = folder / FOLDER
    place.mkdir()
    strays = connection.execute(
        f"select identifiant_indic, zone_id, date_valeur, valeur from ({ROWS}) "
        "where unite = '%' and valeur not between 0 and 100 limit 1"
    ).fetchone()
    if strays:
        raise AccesSoinsError(
            "export PILOTE, {} en zone {} au {} : attendu un taux de 0 à 100 ; trouvé {}. Corriger "
            "l'indicateur ou sa source avant de publier.".format(*strays)
        )
    connection.execute(
        f"copy (select * exclude (unite) from ({ROWS})) to {literal(place / FILE)} "
        "(format csv, header, delimiter ';', dateformat '%Y-%m-%d')"
    )
    connection.execute(
        f"copy ({IDENTIFIERS}) to {literal(place / LINKS)} (format csv, header, delimiter ';')"
    )
    identifiers = records(connection, IDENTIFIERS)
    schema = {
        "$schema": "https://specs.frictionlessdata.io/schemas/table-schema.json",
        "name": "pilote",
        "title": "Valeurs pour PILOTE" + (f" — {TRIAL}" if about.trial else ""),
        "description": caution(identifiers),
        "correspondances": identifiers,
        "fields": FIELDS,
        "primaryKey": KEY,
        "missingValues": [""],
    }
    (place / SCHEMA).write_text(json.dumps(schema, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [place / FILE, place / SCHEMA, place / LINKS]


def caution(identifiers: Sequence[Mapping]) -> str:
    """What to do before handing the file over: the identifiers that nobody has confirmed, one by one."""
    deduced = [
        f"{line['identifiant_indic']} ({line['code_indicateur']})"
        for line in identifiers
        if line["correspondance"] == DEDUCED
    ]
    if not identifiers:
        return "Aucun indicateur de cette publication n'a d'identifiant PILOTE connu."
    if not deduced:
        return "Identifiants vérifiés auprès du producteur ; voir correspondances.csv."
    return (
        f"Identifiants déduits des valeurs, non confirmés par la DITP : {', '.join(deduced)}. Ne pas déposer "
        "leurs lignes avant confirmation ; correspondances.csv dit d'où chacun est connu."
    )
