with medecins as (
    {{ effectifs_liberaux('medecins_ensemble') | indent(4) }}
)

{{ points_effectif('medecins', 'ameli.demographie_effectifs_densites') }}
