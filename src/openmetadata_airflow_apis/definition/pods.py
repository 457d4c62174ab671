"""KubernetesPodOperator: plain maps in its arguments are the Kubernetes models that it wants there."""

from __future__ import annotations

from typing import Any

_MODELS = "kubernetes.client.models."
_SECRET = "airflow.providers.cncf.kubernetes.secret.Secret"  # nosec B105 # noqa: S105 - the path of a class

# argument → the class of the map, or of each map in the list
_CLASSES = {
    "affinity": _MODELS + "V1Affinity",
    "container_resources": _MODELS + "V1ResourceRequirements",
    "dns_config": _MODELS + "V1PodDNSConfig",
    "env_from": _MODELS + "V1EnvFromSource",
    "full_pod_spec": _MODELS + "V1Pod",
    "host_aliases": _MODELS + "V1HostAlias",
    "image_pull_secrets": _MODELS + "V1LocalObjectReference",
    "init_containers": _MODELS + "V1Container",
    "ports": _MODELS + "V1ContainerPort",
    "secrets": _SECRET,
    "tolerations": _MODELS + "V1Toleration",
    "volume_mounts": _MODELS + "V1VolumeMount",
    "volumes": _MODELS + "V1Volume",
}


def make_pod_arguments(arguments: dict[str, Any]) -> None:
    """Make objects of the plain maps among a pod's arguments; what is a `__type__` object already stays."""
    for argument, path in _CLASSES.items():
        value = arguments.get(argument)
        if isinstance(value, list):
            arguments[argument] = [_made(path, item) for item in value]
        elif value is not None:
            arguments[argument] = _made(path, value)
    runtime = arguments.get("pod_runtime_info_envs")
    if isinstance(runtime, list):
        # Airflow 1.10's environment variables of the pod's own fields are V1EnvVars today.
        arguments["pod_runtime_info_envs"] = [_runtime_variable(item) for item in runtime]


def _made(path: str, value: Any) -> Any:
    if not isinstance(value, dict) or (len(value) == 1 and next(iter(value)).startswith("$")):
        return value
    return {"$call": {"path": path, "args": [], "kwargs": value}}


def _runtime_variable(value: Any) -> Any:
    if not isinstance(value, dict) or set(value) != {"name", "field_path"}:
        return value
    field = {
        "$call": {"path": _MODELS + "V1ObjectFieldSelector", "args": [], "kwargs": {"field_path": value["field_path"]}}
    }
    source = {"$call": {"path": _MODELS + "V1EnvVarSource", "args": [], "kwargs": {"field_ref": field}}}
    return {
        "$call": {"path": _MODELS + "V1EnvVar", "args": [], "kwargs": {"name": value["name"], "value_from": source}}
    }
