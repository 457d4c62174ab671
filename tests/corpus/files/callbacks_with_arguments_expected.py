from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from notify import tell

SENDER = "airflow@example.org"

with DAG(
    "notified",
    schedule="@daily",
    on_success_callback=SmtpNotifier(from_email=SENDER, to="team@example.org", subject="done", html_content="done"),
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "on_failure_callback": SmtpNotifier(
            from_email=SENDER, to="team@example.org", subject="{{ ti.task_id }} failed", html_content="failed"
        ),
    },
):
    BashOperator(task_id="a", bash_command="echo", on_skipped_callback=tell)
    BashOperator(
        task_id="b",
        bash_command="echo",
        on_failure_callback=SmtpNotifier(
            from_email=SENDER, to="boss@example.org", subject="failed", html_content="failed"
        ),
    )
