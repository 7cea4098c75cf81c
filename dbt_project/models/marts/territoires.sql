select
    niveau,
    code_territoire,
    libelle_territoire,
    code_region,
    code_iso_3166_2
from {{ ref('ref_territoires') }}
order by niveau, code_territoire
