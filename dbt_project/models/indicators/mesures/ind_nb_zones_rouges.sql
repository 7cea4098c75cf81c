-- An EPCI counts once in each territory that it lies over: départements do not add up to their région.
{{ points_zones_rouges('count(distinct zones.siren_epci)') }}
