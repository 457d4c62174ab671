"""The operators' paths of Airflow 1.10, and where those classes live today."""

from __future__ import annotations

_HTTP = "airflow.providers.http"
_SQL = "airflow.providers.common.sql"
_K8S = "airflow.providers.cncf.kubernetes"

_MODULES = {
    "airflow.operators.bash_operator": "airflow.operators.bash",
    "airflow.operators.branch_operator": "airflow.operators.branch",
    "airflow.operators.check_operator": f"{_SQL}.operators.sql",
    "airflow.operators.dagrun_operator": "airflow.operators.trigger_dagrun",
    "airflow.operators.docker_operator": "airflow.providers.docker.operators.docker",
    "airflow.operators.dummy": "airflow.operators.empty",
    "airflow.operators.dummy_operator": "airflow.operators.empty",
    "airflow.operators.email_operator": "airflow.operators.email",
    "airflow.operators.generic_transfer": f"{_SQL}.operators.generic_transfer",
    "airflow.operators.hive_operator": "airflow.providers.apache.hive.operators.hive",
    "airflow.operators.http_operator": f"{_HTTP}.operators.http",
    "airflow.operators.jdbc_operator": "airflow.providers.jdbc.operators.jdbc",
    "airflow.operators.latest_only_operator": "airflow.operators.latest_only",
    "airflow.operators.mssql_operator": "airflow.providers.microsoft.mssql.operators.mssql",
    "airflow.operators.mysql_operator": "airflow.providers.mysql.operators.mysql",
    "airflow.operators.oracle_operator": "airflow.providers.oracle.operators.oracle",
    "airflow.operators.papermill_operator": "airflow.providers.papermill.operators.papermill",
    "airflow.operators.pig_operator": "airflow.providers.apache.pig.operators.pig",
    "airflow.operators.postgres_operator": "airflow.providers.postgres.operators.postgres",
    "airflow.operators.presto_check_operator": f"{_SQL}.operators.sql",
    "airflow.operators.python_operator": "airflow.operators.python",
    "airflow.operators.slack_operator": "airflow.providers.slack.operators.slack",
    "airflow.operators.sql": f"{_SQL}.operators.sql",
    "airflow.operators.sql_branch_operator": f"{_SQL}.operators.sql",
    "airflow.operators.sqlite_operator": "airflow.providers.sqlite.operators.sqlite",
    "airflow.operators.subdag_operator": "airflow.operators.subdag",
    "airflow.sensors.base_sensor_operator": "airflow.sensors.base",
    "airflow.sensors.bash_sensor": "airflow.sensors.bash",
    "airflow.sensors.date_time_sensor": "airflow.sensors.date_time",
    "airflow.sensors.external_task_sensor": "airflow.sensors.external_task",
    "airflow.sensors.hdfs_sensor": "airflow.providers.apache.hdfs.sensors.hdfs",
    "airflow.sensors.hive_partition_sensor": "airflow.providers.apache.hive.sensors.hive_partition",
    "airflow.sensors.http_sensor": f"{_HTTP}.sensors.http",
    "airflow.sensors.s3_key_sensor": "airflow.providers.amazon.aws.sensors.s3",
    "airflow.sensors.sql": f"{_SQL}.sensors.sql",
    "airflow.sensors.sql_sensor": f"{_SQL}.sensors.sql",
    "airflow.sensors.time_delta_sensor": "airflow.sensors.time_delta",
    "airflow.sensors.time_sensor": "airflow.sensors.time_sensor",
    "airflow.sensors.web_hdfs_sensor": "airflow.providers.apache.hdfs.sensors.web_hdfs",
    "airflow.contrib.operators.bigquery_operator": "airflow.providers.google.cloud.operators.bigquery",
    "airflow.contrib.operators.databricks_operator": "airflow.providers.databricks.operators.databricks",
    "airflow.contrib.operators.dataproc_operator": "airflow.providers.google.cloud.operators.dataproc",
    "airflow.contrib.operators.kubernetes_pod_operator": f"{_K8S}.operators.pod",
    "airflow.providers.cncf.kubernetes.operators.kubernetes_pod": f"{_K8S}.operators.pod",
    "airflow.contrib.operators.sftp_operator": "airflow.providers.sftp.operators.sftp",
    "airflow.contrib.operators.snowflake_operator": "airflow.providers.snowflake.operators.snowflake",
    "airflow.contrib.operators.spark_submit_operator": "airflow.providers.apache.spark.operators.spark_submit",
    "airflow.contrib.operators.ssh_operator": "airflow.providers.ssh.operators.ssh",
    "airflow.contrib.operators.winrm_operator": "airflow.providers.microsoft.winrm.operators.winrm",
    "airflow.contrib.sensors.bash_sensor": "airflow.sensors.bash",
    "airflow.contrib.sensors.file_sensor": "airflow.sensors.filesystem",
    "airflow.contrib.sensors.ftp_sensor": "airflow.providers.ftp.sensors.ftp",
    "airflow.contrib.sensors.python_sensor": "airflow.sensors.python",
    "airflow.contrib.sensors.sftp_sensor": "airflow.providers.sftp.sensors.sftp",
    "airflow.contrib.sensors.weekday_sensor": "airflow.sensors.weekday",
}

_CLASSES = {
    "airflow.operators.empty.DummyOperator": "airflow.operators.empty.EmptyOperator",
    # Airflow 1.10 took these from the package itself.
    "airflow.operators.BashOperator": "airflow.operators.bash.BashOperator",
    "airflow.operators.DummyOperator": "airflow.operators.empty.EmptyOperator",
    "airflow.operators.PythonOperator": "airflow.operators.python.PythonOperator",
    "airflow.operators.dagrun_operator.TriggerDagRunOperator": "airflow.operators.trigger_dagrun.TriggerDagRunOperator",
    "airflow.sensors.s3_prefix_sensor.S3PrefixSensor": "airflow.providers.amazon.aws.sensors.s3.S3KeySensor",
    f"{_SQL}.operators.sql.CheckOperator": f"{_SQL}.operators.sql.SQLCheckOperator",
    f"{_SQL}.operators.sql.IntervalCheckOperator": f"{_SQL}.operators.sql.SQLIntervalCheckOperator",
    f"{_SQL}.operators.sql.PrestoCheckOperator": f"{_SQL}.operators.sql.SQLCheckOperator",
    f"{_SQL}.operators.sql.ThresholdCheckOperator": f"{_SQL}.operators.sql.SQLThresholdCheckOperator",
    f"{_SQL}.operators.sql.ValueCheckOperator": f"{_SQL}.operators.sql.SQLValueCheckOperator",
    f"{_HTTP}.operators.http.SimpleHttpOperator": f"{_HTTP}.operators.http.HttpOperator",
}


def todays_path(path: str) -> str:
    """Return where the class of an operator lives in Airflow 2, for the paths of Airflow 1.10; others stay."""
    path = _CLASSES.get(path, path)
    module, _, name = path.rpartition(".")
    path = f"{_MODULES.get(module, module)}.{name}"
    return _CLASSES.get(path, path)
