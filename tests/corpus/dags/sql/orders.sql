SELECT count(*) FROM orders WHERE day = '{{ ds }}'
