from datetime import datetime, timezone

from airflow import DAG
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from kubernetes.client import models as k8s

with DAG(
    "old_pods",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2021, 1, 1, tzinfo=timezone.utc)},
):
    KubernetesPodOperator(
        task_id="load",
        image="registry.example.org/load:3",
        cmds=["python", "load.py"],
        arguments=["--day", "{{ ds }}"],
        name="load",
        namespace="etl",
        in_cluster=True,
        get_logs=True,
        on_finish_action="delete_pod",
        image_pull_policy="Always",
        labels={"team": "shop"},
        env_vars=[k8s.V1EnvVar(name="LANG", value="C")],
        ports=[k8s.V1ContainerPort(name="http", container_port=80)],
        volumes=[
            k8s.V1Volume(
                name="data", persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="data")
            )
        ],
        volume_mounts=[k8s.V1VolumeMount(name="data", mount_path="/data", read_only=True)],
        secrets=[Secret(deploy_type="env", deploy_target="PASSWORD", secret="warehouse", key="password")],
        tolerations=[k8s.V1Toleration(key="only", operator="Exists", effect="NoSchedule")],
        security_context=k8s.V1PodSecurityContext(run_as_user=1000),
        affinity=k8s.V1Affinity(
            node_affinity=k8s.V1NodeAffinity(
                required_during_scheduling_ignored_during_execution=k8s.V1NodeSelector(
                    node_selector_terms=[
                        k8s.V1NodeSelectorTerm(
                            match_expressions=[k8s.V1NodeSelectorRequirement(key="disk", operator="In", values=["ssd"])]
                        )
                    ]
                )
            )
        ),
        image_pull_secrets=[k8s.V1LocalObjectReference(name="registry")],
        container_resources=k8s.V1ResourceRequirements(
            limits={"cpu": "1", "memory": "1Gi"}, requests={"cpu": "500m", "memory": "512Mi"}
        ),
    )
