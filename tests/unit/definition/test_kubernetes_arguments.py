"""KubernetesPodOperator's definitions with the real provider: what the cluster is sent, and what is refused before."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import SerializedDAG
from kubernetes.client import ApiClient
from kubernetes.client import models as k8s

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.dagbuild import build_dag
from openmetadata_airflow_apis.dagbuild.stand_ins import StandIns
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.versions import called
from support.workflows import BASH, bash, request

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
POD = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
PROVIDER = tuple(int(part) for part in version("apache-airflow-providers-cncf-kubernetes").split("."))
MODELS = "kubernetes.client.models."


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings with a callable file that may not be executed."""
    (tmp_path / "evil.py").write_text("raise SystemExit('executed')\n\n\ndef f(context=None):\n    return 1\n")
    return Settings(dag_managed_operators=tmp_path, dag_generated_configs=tmp_path / "configs")


def task_of(settings: Settings, operator: str = POD, **arguments: Any):
    """Check a definition of one task, see that it serializes the same each time, and return the task as Airflow's."""
    workflow = check_workflow(request(tasks={"pod": {"operator": operator, **arguments}}), settings, now=NOW)
    fileloc = workflow.checked_dag.fileloc
    built = [
        build_dag(workflow.definition, fileloc=fileloc, callables=StandIns(settings.dag_managed_operators))
        for _ in range(2)
    ]
    assert len({SerializedDagModel(dag).dag_hash for dag in [workflow.checked_dag, *built]}) == 1
    task, read = built[0].get_task("pod"), read_back(built[0]).get_task("pod")
    assert (read.task_type, tuple(read.template_fields)) == (task.task_type, tuple(task.template_fields))
    return task


def read_back(dag):
    """Return a DAG as the scheduler reads it from the database."""
    return SerializedDAG.from_dict(SerializedDAG.to_dict(dag))


def sent(task) -> dict[str, Any]:
    """Return the pod that the operator asks the cluster for, in Kubernetes' spelling, without what is empty."""
    task.__dict__["hook"] = SimpleNamespace(is_in_cluster=False, get_namespace=lambda: None)
    pod = ApiClient().sanitize_for_serialization(task.build_pod_request_obj(None))
    return _filled({key: pod[key] for key in ("metadata", "spec")})


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        filled = {key: _filled(item) for key, item in value.items() if item not in ([], "")}
        return {
            key: item for key, item in filled.items() if key not in {"labels", "annotations", "nodeSelector"} or item
        }
    return [_filled(item) for item in value] if isinstance(value, list) else value


def faults(settings: Settings, **task: Any) -> dict[str, str]:
    """Return the details of a task's faults by their pointer below it."""
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(request(tasks={"pod": {"operator": POD, **task}}), settings, now=NOW)
    start = "/workflow/dag_config/nightly/tasks/pod"
    assert all(fault.pointer.startswith(start) for fault in caught.value.faults)
    return {fault.pointer[len(start) :]: fault.detail for fault in caught.value.faults}


def container_of(task) -> dict[str, Any]:
    (container,) = sent(task)["spec"]["containers"]
    return container


def test_what_dag_factory_0_x_users_write(settings):
    """Plain maps of dag-factory 0.x, in Python's spelling and in Kubernetes', are what the cluster is sent."""
    task = task_of(
        settings,
        "airflow.contrib.operators.kubernetes_pod_operator.KubernetesPodOperator",
        name="catalogue",
        namespace="etl",
        random_name_suffix=False,
        image="registry.example.org/etl:3",
        cmds=["python", "-c"],
        arguments=["print('{{ ds }}')"],
        labels={"team": "data"},
        annotations={"a": "b"},
        env_vars={"DAY": "{{ ds }}"},
        env_from=[{"config_map_ref": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
        configmaps=["more-settings"],
        pod_runtime_info_envs=[{"name": "POD_IP", "field_path": "status.podIP"}],
        secrets=[
            {"deploy_type": "env", "deploy_target": "password", "secret": "warehouse", "key": "password"},
            {"deploy_type": "env", "deploy_target": None, "secret": "everything"},
        ],
        ports=[{"name": "http", "container_port": 8080}],
        volumes=[
            {"name": "data", "configs": {"persistentVolumeClaim": {"claimName": "data-claim"}}},
            {"name": "scratch", "empty_dir": {"size_limit": "1Gi"}},
            {"name": "files", "configMap": {"name": "files", "items": [{"key": "a", "path": "a.txt"}]}},
        ],
        volume_mounts=[
            {"name": "data", "mount_path": "/data", "sub_path": None, "read_only": True},
            {"name": "scratch", "mountPath": "/scratch"},
        ],
        resources={"request_cpu": "500m", "limit_memory": "1Gi", "limit_gpu": 1},
        node_selectors={"disk": "ssd"},
        affinity={
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
                }
            }
        },
        tolerations=[{"key": "only", "operator": "Equal", "value": "etl", "effect": "NoSchedule"}],
        image_pull_secrets="registry,mirror",
        security_context={"run_as_user": 1000, "fsGroup": 2000},
        container_security_context={"allow_privilege_escalation": False},
        host_aliases=[{"ip": "10.0.0.1", "hostnames": ["warehouse"]}],
        dns_config={"nameservers": ["10.0.0.2"]},
        init_containers=[{"name": "wait", "image": "busybox", "volume_mounts": [{"name": "data", "mount_path": "/d"}]}],
        is_delete_operator_pod=False,
    )

    pod = sent(task)
    assert pod["metadata"]["name"] == "catalogue"
    assert pod["metadata"]["namespace"] == "etl"
    assert pod["metadata"]["annotations"] == {"a": "b"}
    assert pod["metadata"]["labels"]["team"] == "data"
    assert task.on_finish_action.value == "keep_pod"
    assert pod["spec"] == {
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
                }
            }
        },
        "containers": [
            {
                "name": "base",
                "image": "registry.example.org/etl:3",
                "command": ["python", "-c"],
                "args": ["print('{{ ds }}')"],
                "env": [
                    {"name": "DAY", "value": "{{ ds }}"},
                    {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                    {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "warehouse", "key": "password"}}},
                ],
                "envFrom": [
                    {"configMapRef": {"name": "settings"}},
                    {"secretRef": {"name": "keys"}},
                    {"configMapRef": {"name": "more-settings"}},
                    {"secretRef": {"name": "everything"}},
                ],
                "ports": [{"name": "http", "containerPort": 8080}],
                "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi", "nvidia.com/gpu": 1}},
                "securityContext": {"allowPrivilegeEscalation": False},
                "terminationMessagePolicy": "File",
                "volumeMounts": [
                    {"name": "data", "mountPath": "/data", "readOnly": True},
                    {"name": "scratch", "mountPath": "/scratch"},
                ],
            }
        ],
        "dnsConfig": {"nameservers": ["10.0.0.2"]},
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["warehouse"]}],
        "hostNetwork": False,
        "imagePullSecrets": [{"name": "registry"}, {"name": "mirror"}],
        "initContainers": [{"name": "wait", "image": "busybox", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}],
        "nodeSelector": {"disk": "ssd"},
        "restartPolicy": "Never",
        "securityContext": {"runAsUser": 1000, "fsGroup": 2000},
        "tolerations": [{"key": "only", "operator": "Equal", "value": "etl", "effect": "NoSchedule"}],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data-claim"}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "files", "configMap": {"name": "files", "items": [{"key": "a", "path": "a.txt"}]}},
        ],
    }


def test_what_dag_factory_1_users_write(settings):
    """`__type__` objects are the models that their classes make, in lists of both spellings, the maps in them too."""
    claim = {"__type__": f"{MODELS}V1PersistentVolumeClaimVolumeSource", "claim_name": "data"}
    task = task_of(
        settings,
        image="python:3.12-slim",
        container_resources={
            "__type__": f"{MODELS}V1ResourceRequirements",
            "limits": {"cpu": "1", "memory": "1024Mi"},
            "requests": {"cpu": 0.5},
        },
        env_vars=[
            {"__type__": f"{MODELS}V1EnvVar", "name": "A", "value": "b"},
            {"__type__": f"{MODELS}V1EnvVar", "name": "C", "value_from": {"secret_key_ref": {"name": "s", "key": "k"}}},
        ],
        volumes={
            "__type__": "builtins.list",
            "items": [
                {"__type__": f"{MODELS}V1Volume", "name": "data", "persistent_volume_claim": claim},
                {"__type__": "kubernetes.client.V1Volume", "name": "tmp", "empty_dir": {}},
            ],
        },
        secrets=[{"__type__": "airflow.kubernetes.secret.Secret", "__args__": ["env", "token", "s", "k"]}],
        affinity={"__type__": f"{MODELS}V1Affinity", "pod_affinity": {"__type__": f"{MODELS}V1PodAffinity"}},
        tolerations=[{"__type__": f"{MODELS}V1Toleration", "key": "only", "toleration_seconds": 5}],
        init_containers=[{"__type__": f"{MODELS}V1Container", "name": "wait", "image": "busybox"}],
        image_pull_secrets=[{"__type__": f"{MODELS}V1LocalObjectReference", "name": "registry"}, "mirror"],
    )

    assert (
        task.container_resources.to_dict()
        == k8s.V1ResourceRequirements(limits={"cpu": "1", "memory": "1024Mi"}, requests={"cpu": 0.5}).to_dict()
    )
    secret = k8s.V1EnvVarSource(secret_key_ref=k8s.V1SecretKeySelector(name="s", key="k"))
    assert [variable.to_dict() for variable in task.env_vars] == [
        k8s.V1EnvVar(name="A", value="b").to_dict(),
        k8s.V1EnvVar(name="C", value_from=secret).to_dict(),
    ]
    assert [volume.to_dict() for volume in task.volumes] == [
        k8s.V1Volume(
            name="data", persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="data")
        ).to_dict(),
        k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource()).to_dict(),
    ]
    assert [repr(secret) for secret in task.secrets] == ["Secret(env, TOKEN, s, k)"]
    assert task.affinity.to_dict() == k8s.V1Affinity(pod_affinity=k8s.V1PodAffinity()).to_dict()
    assert [one.to_dict() for one in task.tolerations] == [k8s.V1Toleration(key="only", toleration_seconds=5).to_dict()]
    assert [one.to_dict() for one in task.init_containers] == [k8s.V1Container(name="wait", image="busybox").to_dict()]
    assert [one.to_dict() for one in task.image_pull_secrets] == [{"name": "registry"}, {"name": "mirror"}]


@pytest.mark.parametrize(
    "whole",
    [
        {"full_pod_spec": {"metadata": {"name": "whole"}, "spec": {"containers": [{"name": "base", "image": "a:1"}]}}},
        {
            "full_pod_spec": {
                "__type__": f"{MODELS}V1Pod",
                "api_version": "v1",
                "kind": "Pod",
                "metadata": {"__type__": f"{MODELS}V1ObjectMeta", "name": "whole"},
                "spec": {"__type__": f"{MODELS}V1PodSpec", "containers": [{"name": "base", "image": "a:1"}]},
            }
        },
    ],
)
def test_a_whole_pod(settings, whole: dict):
    """full_pod_spec, as a map or as an object, is the pod that the arguments are laid over."""
    task = task_of(settings, arguments=["x"], random_name_suffix=False, **whole)
    assert container_of(task) == {
        "name": "base",
        "image": "a:1",
        "args": ["x"],
        "terminationMessagePolicy": "File",
    }


@pytest.mark.filterwarnings("ignore:This function is deprecated:DeprecationWarning")  # the provider's own, < 2.9
def test_a_pods_template(settings):
    """pod_template_dict is a manifest, left as it is, which the arguments are laid over; an older provider has none."""
    template = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "whole"},
        "spec": {"containers": [{"name": "base", "image": "a:1", "imagePullPolicy": "Always"}]},
    }
    if PROVIDER < (7, 11):
        assert faults(settings, pod_template_dict=template) == {
            "/pod_template_dict": "KubernetesPodOperator has no argument 'pod_template_dict'; "
            "did you mean 'pod_template_file'?"
        }
        return
    task = task_of(settings, arguments=["x"], pod_template_dict=template)
    assert task.pod_template_dict == template
    assert container_of(task) == {
        "name": "base",
        "image": "a:1",
        "imagePullPolicy": "Always",
        "args": ["x"],
        "terminationMessagePolicy": "File",
    }


def test_templates_inside_an_object(settings):
    """Jinja inside inner objects is rendered when the task runs, as in objects of a DAG that was written by hand."""
    task = task_of(
        settings,
        image="a:1",
        volumes=[{"name": "{{ ds }}", "persistentVolumeClaim": {"claimName": "claim-{{ ds }}"}}],
    )
    task.render_template_fields({"ds": "2024-01-01"})
    assert [volume.to_dict() for volume in task.volumes] == [
        k8s.V1Volume(
            name="2024-01-01",
            persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="claim-2024-01-01"),
        ).to_dict()
    ]


def test_a_mapped_pod(settings):
    """The maps in `partial` become objects as those of a task do."""
    task = task_of(
        settings,
        partial={"image": "a:1", "volumes": [{"name": "tmp", "configs": {"emptyDir": {}}}]},
        expand={"arguments": [["a"], ["b"]]},
    )
    assert [volume.to_dict() for volume in task.partial_kwargs["volumes"]] == [
        k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource()).to_dict()
    ]


def test_a_pod_override(settings):
    """Any operator's executor_config may have a pod, which survives Airflow's database."""
    pod = {
        "__type__": f"{MODELS}V1Pod",
        "spec": {
            "__type__": f"{MODELS}V1PodSpec",
            "containers": {
                "__type__": "builtins.list",
                "items": [{"__type__": f"{MODELS}V1Container", "name": "base", "resources": {"limits": {"cpu": "1"}}}],
            },
        },
    }
    task = task_of(settings, BASH, bash_command="true", executor_config={"pod_override": pod})
    container = k8s.V1Container(name="base", resources=k8s.V1ResourceRequirements(limits={"cpu": "1"}))
    expected = k8s.V1Pod(spec=k8s.V1PodSpec(containers=[container])).to_dict()
    assert task.executor_config["pod_override"].to_dict() == expected
    assert read_back(task.dag).get_task("pod").executor_config["pod_override"].to_dict() == expected


def test_every_operators_own_resources_stay(settings):
    """`resources` of cpus and ram are what Airflow gives to every operator, in a pod's task too."""
    task = task_of(settings, image="a:1", resources={"cpus": 2})
    assert (task.resources.cpus.qty, task.container_resources) == (2, None)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            {"operator": f"{POD}r"},
            {
                "/operator": "no class 'KubernetesPodOperatorr' in airflow.providers.cncf.kubernetes.operators.pod; "
                "did you mean 'KubernetesPodOperator'?"
            },
        ),
        (
            {"operator": POD.replace(".pod.", ".pods.")},
            {
                "/operator": "no module or class 'pods' in airflow.providers.cncf.kubernetes.operators; "
                "did you mean 'pod'?"
            },
        ),
        ({"volumez": []}, {"/volumez": "KubernetesPodOperator has no argument 'volumez'; did you mean 'volumes'?"}),
        (
            {
                "volumes": [
                    {"name": "a", "empty_dirr": {}},
                    {"name": "b", "configs": {"persistentVolumeClaim": {"claimNme": "c"}}},
                    {"empty_dir": {}, "emptyDir": {}},
                ]
            },
            {
                "/volumes/0/empty_dirr": "a V1Volume has no 'empty_dirr'; did you mean 'empty_dir'?",
                "/volumes/1/configs/persistentVolumeClaim/claimNme": (
                    "a V1PersistentVolumeClaimVolumeSource has no 'claimNme'; did you mean 'claimName'?"
                ),
                "/volumes/2/emptyDir": "means the same as 'empty_dir', which is there as well; give one of them",
                "/volumes/2": "'name' is missing; a V1Volume requires it",
            },
        ),
        (
            {
                "init_containers": {
                    "__type__": "builtins.list",
                    "items": [
                        {"__type__": f"{MODELS}V1Container", "name": "a", "imge": "b"},
                        {"__type__": f"{MODELS}V1Container", "name": "a", "ports": [{"container_port": "80"}]},
                    ],
                }
            },
            {
                "/init_containers/items/0/imge": "a V1Container has no 'imge'; did you mean 'image'?",
                "/init_containers/items/1/ports/0/container_port": "is the text '80'; give a whole number",
            },
        ),
        (
            {
                "affinity": {"nodeAffinity": []},
                "volume_mounts": [{"name": "a", "mount_path": "/a", "read_only": "yes"}],
                "env_vars": [{"name": "A", "value": 1}],
                "container_resources": {"limits": {"cpu": True}, "requests": ["cpu"]},
            },
            {
                "/affinity/nodeAffinity": "is a list; give a map, the keys of a V1NodeAffinity",
                "/volume_mounts/0/read_only": "is the text 'yes'; give true or false",
                "/env_vars/0/value": "is the number 1; give a text",
                "/container_resources/limits/cpu": "is true; give a text",
                "/container_resources/requests": "is a list; give a map",
            },
        ),
        (
            {"env_vars": {"A": 1, "B": "2"}, "ports": [80], "volumes": {"name": "a"}, "affinity": "node"},
            {
                "/env_vars/A": "is the number 1; give a text, in quotes: an environment has nothing else",
                "/ports/0": "is the number 80; give a map, the keys of a V1ContainerPort",
                "/volumes": "is a map; give a list",
                "/affinity": "is the text 'node'; give a map, the keys of a V1Affinity",
            },
        ),
        (
            {"secrets": [{"deploy_typ": "env", "deploy_target": "A"}]},
            {
                "/secrets/0/deploy_typ": "a Secret has no 'deploy_typ'; did you mean 'deploy_type'?",
                "/secrets/0": "'secret' is missing; a Secret requires it",
            },
        ),
        (
            {"volumes": [{"__type__": f"{MODELS}V1Volum", "name": "a"}]},
            {"/volumes/0": "no module or class 'V1Volum' in kubernetes.client.models; did you mean 'V1Volume'?"},
        ),
        (
            {"volumes": [{"__type__": "kubernetes.client.ApiClient"}]},
            {
                "/volumes/0": "'kubernetes.client.ApiClient' may not be called here; "
                "put a wrapper into a package of allowed_callables"
            },
        ),
        (
            {"resources": {"limits": {"cpu": "1"}}, "container_resources": {"limits": {"cpu": "2"}}},
            {"/resources": "means the same as 'container_resources', which is there as well; give one of them"},
        ),
        (
            {"resources": {"limts": {"cpu": "1"}}},
            {"": f"TypeError: {called('Resources.__init__')}() got an unexpected keyword argument 'limts'"},
        ),
        (
            {"partial": {"volumes": [{"name": "a", "configs": {"emptyDirr": {}}}]}, "expand": {"arguments": [["a"]]}},
            {"/partial/volumes/0/configs/emptyDirr": "a V1Volume has no 'emptyDirr'; did you mean 'emptyDir'?"},
        ),
        (
            {"env_vars": {"__type__": "builtins.list", "itms": []}},
            {"/env_vars": 'is a list with other keys than "items"; give the items there, or a plain list'},
        ),
    ],
)
def test_faults(settings, task: dict, expected: dict):
    """Whatever the provider, the client or the cluster would refuse is said at its own place, with the cure."""
    assert faults(settings, **task) == expected


@pytest.mark.parametrize(
    "task",
    [
        {"operator": POD, "image": "a:1", "on_failure_callback_name": "f", "on_failure_callback_file": "evil.py"},
        {
            "decorator": "airflow.decorators.task.kubernetes",
            "image": "a:1",
            "volumes": [{"name": "tmp", "configs": {"emptyDir": {}}}],
            "python_callable_name": "f",
            "python_callable_file": "evil.py",
        },
    ],
)
def test_no_authors_code_is_executed(settings, task: dict):
    """A pod's callbacks, and the function of a pod's decorator, are looked at, never executed."""
    before = set(sys.modules)
    workflow = check_workflow(request(tasks={"before": bash(), "pod": task}), settings, now=NOW)
    assert list(workflow.checked_dag.task_dict) == ["before", "pod"]
    authored = str(settings.dag_managed_operators)
    new = [sys.modules[name] for name in set(sys.modules) - before]
    assert [module for module in new if str(getattr(module, "__file__", "")).startswith(authored)] == []
