{{ points_apl('apl_kinesitherapeutes', 'kinesitherapeutes') }}
