with specialistes as (
    {{ effectifs_liberaux('specialistes_ensemble') | indent(4) }}
),

{{ points_densite('specialistes') }}
