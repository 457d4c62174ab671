from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

with DAG(
    "new_pods",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    KubernetesPodOperator(
        task_id="load",
        image="python:3.12-slim",
        name="example-pod-task",
        namespace="default",
        cmds=["python", "-c"],
        arguments=["print('hello')"],
        env_vars=[k8s.V1EnvVar(name="FOO", value="bar")],
        container_resources=k8s.V1ResourceRequirements(
            limits={"cpu": "1", "memory": "1024Mi"}, requests={"cpu": "500m", "memory": "512Mi"}
        ),
        volumes=[k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource())],
        volume_mounts=[k8s.V1VolumeMount(name="scratch", mount_path="/tmp/scratch")],
        annotations={"team": "shop"},
        labels={"app": "example"},
        startup_timeout_seconds=300,
        on_finish_action="keep_pod",
    )
    container = k8s.V1Container(name="base", image="registry.example.org/etl:3")
    BashOperator(
        task_id="bash",
        bash_command="echo",
        executor_config={"pod_override": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[container]))},
    )
