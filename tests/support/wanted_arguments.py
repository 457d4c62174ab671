"""What operators want beyond what their hints say, and the operators that no definition can have."""

from __future__ import annotations

from typing import Any

# Each to be tried in place of what the hint allows: by the argument's name, or by the class's and the argument's.
WANTED: dict[str, list[Any]] = {
    "BigQueryColumnCheckOperator.column_mapping": [{"price": {"null_check": {"equal_to": 0}}}],
    "BigQueryTableCheckOperator.checks": [{"rows": {"check_statement": "COUNT(*) > 0"}}],
    "BigQueryToMsSqlOperator.source_project_dataset_table": ["project.dataset.table"],
    "BigQueryToPostgresOperator.dataset_table": ["dataset.table"],
    "CloudFunctionDeleteFunctionOperator.name": ["projects/shop/locations/eu/functions/load"],
    "ComputeEngineCopyInstanceTemplateOperator.body_patch": [{"name": "worker"}],
    "DatabricksCopyIntoOperator.file_format": ["CSV"],
    "DatabricksReposCreateOperator.git_url": ["https://github.com/shop/jobs"],
    "DateTimeSensorAsync.start_from_trigger": [False],  # else target_time is no template
    "EC2InstanceStateSensor.target_state": ["running"],
    "GKECreateClusterOperator.body": [{"name": "cluster", "initial_node_count": 1}],
    "GlueCrawlerOperator.config": [{"Name": "crawler"}],
    "KubernetesPodOperator.name": ["some-pod"],
    "SQLColumnCheckOperator.column_mapping": [{"price": {"null_check": {"equal_to": 0}}}],
    "SQLTableCheckOperator.checks": [{"rows": {"check_statement": "COUNT(*) > 0"}}],
    "allowed_states": [["success"]],
    "db_type": ["instance", "cluster"],
    "executor": [],  # one that is configured
    "failed_states": [["failed"]],
    "inlets": [],  # datasets in a definition's own spellings
    "is_delete_operator_pod": [],  # the provider takes it and does nothing; a definition means on_finish_action
    "mode": ["poke", "reschedule"],
    "on_finish_action": ["delete_pod", "keep_pod"],
    "on_kill_action": ["delete_pod", "keep_pod"],
    "outlets": [],
    "pool": ["some_pool"],
    "ratio_formula": ["max_over_min"],
    "resources": [{"cpus": 2}],
    "serializer": ["dill", "pickle"],  # Airflow does not bring cloudpickle
    "skipped_states": [["failed"]],
    "trigger_rule": ["all_done"],
    "week_day": ["Monday", ["Monday", "Friday"]],
    "weight_rule": ["upstream"],
}

# Arguments that have a default with which the operator refuses to be made, by its class.
NEEDED: dict[str, dict[str, Any]] = {
    "ADLSToGCSOperator": {"file_system_name": "landing"},
    "ComputeEngineInsertInstanceFromTemplateOperator": {"resource_id": "worker"},
    "ComputeEngineInsertInstanceGroupManagerOperator": {"resource_id": "worker"},
    "ComputeEngineInsertInstanceOperator": {"resource_id": "worker"},
    "ComputeEngineInsertInstanceTemplateOperator": {"resource_id": "worker"},
    "ComputeEngineStartInstanceOperator": {"resource_id": "worker"},
    "ComputeEngineStopInstanceOperator": {"resource_id": "worker"},
    "DatabricksReposDeleteOperator": {"repo_id": 3},
    "DatabricksReposUpdateOperator": {"repo_id": 3, "branch": "main"},
    "DataprocCreateClusterOperator": {"project_id": "shop"},
    "EmrAddStepsOperator": {"job_flow_id": "j-1"},
    "GCSDeleteObjectsOperator": {"prefix": "daily/"},
    "GKECreateClusterOperator": {"project_id": "shop"},
    "GKEDeleteClusterOperator": {"cluster_name": "cluster", "project_id": "shop"},
    "GoogleCampaignManagerDeleteReportOperator": {"report_id": "3"},
    "KubernetesCreateResourceOperator": {"yaml_conf": "kind: ConfigMap"},
    "KubernetesDeleteResourceOperator": {"yaml_conf": "kind: ConfigMap"},
    "KubernetesResourceBaseOperator": {"yaml_conf": "kind: ConfigMap"},
    "OpenSearchServerlessCollectionActiveSensor": {"collection_id": "orders"},
    "S3DeleteObjectsOperator": {"prefix": "daily/"},
    "SageMakerConditionOperator": {"condition_type": "Equals", "left_value": 1, "right_value": 1},
    "SqlToSlackWebhookOperator": {"slack_webhook_conn_id": "slack"},
}

_OBJECT = "wants an object of a class of its package, and takes no map in its place"
_NO_OPERATOR = "is there for other operators to be made of"

# Operators that no definition can have, and why.
NOT_EXPRESSIBLE: dict[str, str] = {
    **dict.fromkeys(
        [
            "AnalyticsOperator", "AzureSynapseRunSparkBatchOperator", "CloudSpeechToTextRecognizeSpeechOperator",
            "CloudTasksQueueCreateOperator", "CloudTasksQueueUpdateOperator", "CloudTranslateSpeechOperator",
            "CreateFeatureOnlineStoreOperator", "CreateFeatureViewOperator", "CreateHyperparameterTuningJobOperator",
            "DatabricksCopyIntoAssetOperator", "DataprocMetastoreUpdateServiceOperator", "GenAICountTokensOperator",
            "GenAIGenerateContentOperator", "GenAISupervisedFineTuningTrainOperator", "S3ToDynamoDBOperator",
            "UpdateRayClusterOperator",
        ],
        _OBJECT,
    ),
    **dict.fromkeys(["AwsBaseOperator", "AwsBaseSensor", "DataprocJobBaseOperator"], _NO_OPERATOR),
    "DataformWriteFileOperator": "wants bytes, and JSON has none",
    "SubDagOperator": "wants a DAG object; Airflow has task groups in its place",
}  # fmt: skip
