-- A commune counts where it is. With an EPCI whose communes are not known, France has no figure.
{{ points_zones_rouges(
    'sum(zones.population_municipale_nb)',
    valeur_sure='count(*) filter (where zones.siren_epci is not null and zones.code_commune is null) = 0'
) }}
