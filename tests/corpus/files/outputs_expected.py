from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from shop import extract, use

with DAG(
    "outputs", schedule=None, default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
):
    first = PythonOperator(task_id="extract", python_callable=extract)
    size = BashOperator(task_id="size", bash_command="wc -l orders", do_xcom_push=True)
    as_argument = PythonOperator(task_id="as_argument", python_callable=use, op_args=[first.output, size.output])
    by_name = PythonOperator(
        task_id="by_name",
        python_callable=use,
        op_kwargs={"tables": first.output, "nested": {"sizes": [size.output, 7], "text": "+7"}},
    )
    as_argument >> by_name
    PythonOperator(task_id="whole", python_callable=use, op_args=first.output)
    PythonOperator(
        task_id="dotted", python_callable=use, op_kwargs={"tables": first.output, "all": [first.output, size.output]}
    )
    BashOperator(task_id="in_env", bash_command="echo $SIZE", env={"SIZE": size.output})
    BashOperator(task_id="a_text", bash_command="+extract")
    BashOperator.partial(task_id="by_plus", retries=4, max_active_tis_per_dag=2, env={"LANG": "C"}).expand(
        bash_command=first.output
    )
