from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.datetime import BranchDateTimeOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.operators.weekday import BranchDayOfWeekOperator
from airflow.providers.common.sql.operators.sql import BranchSQLOperator
from shop import choose, is_working_day

with DAG(
    "branches",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    chosen = BranchPythonOperator(task_id="choose", python_callable=choose)
    chosen >> [EmptyOperator(task_id="weekday"), EmptyOperator(task_id="weekend")] >> join
    go_on = ShortCircuitOperator(task_id="go_on", python_callable=is_working_day, ignore_downstream_trigger_rules=False)
    by_time = BranchDateTimeOperator(
        task_id="by_time",
        follow_task_ids_if_true=["morning"],
        follow_task_ids_if_false=["evening"],
        target_lower=datetime(2024, 1, 1, 8),
        target_upper=datetime(2024, 1, 1, 12),
    )
    join >> go_on >> LatestOnlyOperator(task_id="latest") >> by_time
    by_time >> [EmptyOperator(task_id="morning"), EmptyOperator(task_id="evening")]
    by_day = BranchDayOfWeekOperator(
        task_id="by_day",
        follow_task_ids_if_true="monday",
        follow_task_ids_if_false="other_day",
        week_day="Monday",
        use_task_logical_date=True,
    )
    by_day >> [EmptyOperator(task_id="monday"), EmptyOperator(task_id="other_day")]
    by_sql = BranchSQLOperator(
        task_id="by_sql",
        conn_id="warehouse",
        sql="SELECT count(*) > 0 FROM orders",
        follow_task_ids_if_true="full",
        follow_task_ids_if_false="empty",
    )
    by_sql >> [EmptyOperator(task_id="full"), EmptyOperator(task_id="empty")]
