with medecins as (
    {{ effectifs_liberaux('medecins_ensemble') | indent(4) }}
),

{{ points_densite('medecins') }}
