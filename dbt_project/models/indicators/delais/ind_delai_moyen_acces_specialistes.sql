-- No open source publishes this delay: no point, and the series says why (aucune_source_ouverte).
select
    null::varchar as niveau,
    null::varchar as code_territoire,
    null::date as date_reference,
    null::double as numerateur,
    null::double as denominateur,
    null::double as valeur,
    null::varchar as source,
    null::varchar as edition,
    null::varchar as sha256,
    null::timestamp as date_extraction,
    null::varchar as statut_source,
    null::varchar as motif,
    'v1' as version_methode
where false
