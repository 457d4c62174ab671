SELECT count(*) FROM customers WHERE day = '{{ ds }}'
