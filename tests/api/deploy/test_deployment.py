"""deploy: what is in Airflow's database when it returns, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow.models.dag import DagModel, DagTag
from airflow.models.dagbag import DagBag
from airflow.models.dagcode import DagCode
from airflow.models.dataset import DagScheduleDatasetReference, DatasetModel, TaskOutletDatasetReference
from airflow.models.log import Log
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils import timezone as airflow_timezone
from sqlalchemy.exc import OperationalError

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from openmetadata_airflow_apis.airflow_versions.fab_models import permission_tables
from openmetadata_airflow_apis.conflict_errors import DagExists, NotDeployedHere
from openmetadata_airflow_apis.deploy import Deployment, deploy, get_deployed
from openmetadata_airflow_apis.deploy import deployment as deployment_module
from openmetadata_airflow_apis.deploy.definition_changes import Changes, Difference
from openmetadata_airflow_apis.errors import InvalidDefinition, Unavailable
from openmetadata_airflow_apis.stores import open_store
from support.statements import counted
from support.stores import note_import_error
from support.versions import AIRFLOW, TAKES_PARSING_REQUESTS, asked_for

from .conftest import add_run, decorate, files_below, make_workflow


@pytest.fixture
def deploying(session, settings, dags):
    """Deploy a workflow as ada."""

    def run(workflow, **options) -> Deployment:
        return deploy(workflow, user="ada", settings=settings, session=session, **options)

    return run


def test_a_deployed_dag_is_in_the_database(deploying, session, dags, settings):
    """After a deploy Airflow knows the DAG, its tasks, source, tags, owner and next run, and is asked to parse it."""
    before = airflow_timezone.utcnow()
    fileloc = open_store(settings).fileloc("nightly")
    made = deploying(make_workflow(tags=["nightly", "sales"], owner_links={"harsha": "mailto:h@example.org"}))

    assert made == Deployment(
        dag_id="nightly",
        state="parsed",
        created=True,
        changed=True,
        dry_run=False,
        version_number=1,
        revision=made.revision,
        is_paused=True,
        deployed_by="ada",
        deployed_at=made.deployed_at,
        fileloc=fileloc,
        unfinished_runs=0,
        import_error=None,
        changes=None,
    )
    assert before < made.deployed_at < airflow_timezone.utcnow()
    row = session.get(DagModel, "nightly")
    assert (row.is_active, row.fileloc, row.processor_subdir, row.owners, row.has_import_errors) == (
        True,
        fileloc,
        str(dags),
        "harsha",
        False,
    )
    assert row.next_dagrun_create_after is not None
    assert sorted(tag.name for tag in row.tags) == ["nightly", "sales"]
    assert [(link.owner, link.link) for link in row.dag_owner_links] == [("harsha", "mailto:h@example.org")]
    serialized = session.get(SerializedDagModel, "nightly")
    assert serialized.processor_subdir == str(dags)
    assert serialized.dag.task_dict["check"].downstream_task_ids == {"load"}
    assert DagCode.code(fileloc) == Path(fileloc).read_text()
    assert asked_for(session) == ([fileloc] if TAKES_PARSING_REQUESTS else [])
    log = session.query(Log).order_by(Log.id.desc()).first()
    assert (log.event, log.owner, log.dag_id) == ("deploy_dag", "ada", "nightly")
    assert made.revision in log.extra


def test_the_dag_processor_finds_the_same_dag(deploying, session, dags):
    """The rows of a deploy are those that the DAG processor would write: its own write finds nothing to change."""
    made = deploying(make_workflow())
    session.commit()

    bag = DagBag(made.fileloc, include_examples=False)

    assert bag.import_errors == {}
    assert SerializedDagModel.write_dag(bag.dags["nightly"], processor_subdir=str(dags), session=session) is False


def test_a_redeploy_replaces_the_tasks_at_once(deploying, session):
    """A redeploy within [core] min_serialized_dag_update_interval changes the serialized DAG."""
    deploying(make_workflow())
    second = make_workflow(force=True)
    second.definition["tasks"].pop()

    made = deploying(second)

    assert made.created is False
    session.expire_all()
    assert list(session.get(SerializedDagModel, "nightly").dag.task_dict) == ["check"]


def test_a_deploy_without_force_leaves_the_old_one(deploying, session, tmp_path):
    """Deploying over an existing workflow without force leaves the old definition untouched."""
    deploying(make_workflow())
    before = files_below(tmp_path)

    with pytest.raises(DagExists, match="The workflow `nightly` is deployed already; send force: true to replace it"):
        deploying(make_workflow(schedule="@daily"))

    assert files_below(tmp_path) == before
    assert session.get(DagModel, "nightly").schedule_interval == "0 3 * * *"


@pytest.mark.parametrize(
    ("first", "upon_creation", "paused"),
    [(None, None, True), (None, False, False), (None, True, True), (False, None, False), (False, True, False)],
)
def test_the_first_deploy_pauses_as_asked_or_as_airflow_does(deploying, first, upon_creation, paused):
    """A new DAG is paused as the request says, else as is_paused_upon_creation, else as Airflow's default says."""
    dag = {} if upon_creation is None else {"is_paused_upon_creation": upon_creation}
    assert deploying(make_workflow(is_paused=first, **dag)).is_paused is paused


def test_a_redeploy_keeps_the_paused_state_or_sets_it(deploying):
    """A redeploy that says neither pause nor unpause keeps the state that a user has set since."""
    assert deploying(make_workflow(is_paused=False)).is_paused is False
    assert deploying(make_workflow(force=True)).is_paused is False
    assert deploying(make_workflow(force=True, is_paused=True)).is_paused is True
    assert deploying(make_workflow(force=True)).is_paused is True


def test_datasets_and_tags_follow_the_definition(deploying, session):
    """Datasets and tags that a new version no longer names are no longer the DAG's."""
    first = make_workflow(schedule=[{"$dataset": {"uri": "s3://in/"}}], tags=["a", "b"])
    first.definition["tasks"][1]["arguments"]["outlets"] = [{"$dataset": {"uri": "s3://out/"}}]
    deploying(first)
    uris = dict(session.query(DatasetModel.id, DatasetModel.uri))
    assert [uris[row.dataset_id] for row in session.query(DagScheduleDatasetReference)] == ["s3://in/"]
    assert [(uris[row.dataset_id], row.task_id) for row in session.query(TaskOutletDatasetReference)] == [
        ("s3://out/", "load")
    ]

    deploying(make_workflow(force=True, tags=["b", "c"]))

    assert session.query(DagScheduleDatasetReference).count() == 0
    assert session.query(TaskOutletDatasetReference).count() == 0
    assert sorted(tag.name for tag in session.query(DagTag)) == ["b", "c"]


def test_an_old_import_error_is_forgotten(deploying, session, dags, settings):
    """A new version starts without the import error of the one before."""
    import_error = parse_import_error()
    deploying(make_workflow())
    note_import_error("nightly", "broken", session=session)
    session.query(DagModel).update({"has_import_errors": True})
    session.commit()
    assert get_deployed("nightly", settings=settings, session=session).state == "failed"

    deploying(make_workflow(force=True))

    assert session.query(import_error).count() == 0
    session.expire_all()
    assert session.get(DagModel, "nightly").has_import_errors is False
    assert get_deployed("nightly", settings=settings, session=session).state == "parsed"


def test_permissions_on_the_dag_are_made(deploying, session):
    """The DAG's own permissions are there to be granted when a deploy returns."""
    resources, _, _ = permission_tables()

    deploying(make_workflow())

    names = [name for (name,) in session.query(resources.c.name).filter(resources.c.name.like("DAG%:nightly"))]
    runs = ["DAG Run:nightly"] if AIRFLOW >= (2, 10) else []  # before, runs had no permissions of their own
    assert sorted(names) == [*runs, "DAG:nightly"]


def test_unfinished_runs_are_counted(deploying, session):
    """A redeploy says how many runs that are under way it touches."""
    deploying(make_workflow())
    for run_id, state in (("a", "running"), ("b", "queued"), ("c", "success")):
        add_run(session, "nightly", run_id, state)

    assert deploying(make_workflow(force=True)).unfinished_runs == 2


@pytest.mark.parametrize("active", [True, False])
def test_the_dag_id_of_another_file_is_refused(deploying, session, tmp_path, active):
    """A dag_id that Airflow knows from another file is refused while that file is there, or parsed lately."""
    other = tmp_path / "theirs.py"
    if not active:
        other.write_text("# imports no more")
    session.add(DagModel(dag_id="nightly", fileloc=str(other), is_active=active))
    session.commit()
    before = files_below(tmp_path)

    with pytest.raises(NotDeployedHere, match=f"it comes from {other}"):
        deploying(make_workflow())

    assert files_below(tmp_path) == before


def test_the_dag_id_of_a_file_that_is_gone_is_free(deploying, session, tmp_path):
    """A dag_id that Airflow has made inactive, of a file that is gone, can be deployed."""
    session.add(DagModel(dag_id="nightly", fileloc=str(tmp_path / "gone.py"), is_active=False))
    session.commit()

    made = deploying(make_workflow())

    session.expire_all()
    assert session.get(DagModel, "nightly").fileloc == made.fileloc


@pytest.mark.file_store("no other writes a file of that name")
def test_a_file_that_is_not_ours_is_refused(deploying, dags, tmp_path):
    """A file of that name which somebody else put into the dags folder keeps every byte."""
    (dags / "nightly.py").write_text("print('theirs')\n")

    with pytest.raises(NotDeployedHere):
        deploying(make_workflow())

    assert files_below(tmp_path)["dags/nightly.py"] == b"print('theirs')\n"
    assert "dag_generated_configs/nightly.json" not in files_below(tmp_path)


def test_a_definition_that_airflow_refuses_writes_nothing(deploying, tmp_path):
    """What an operator refuses when the DAG is built is an invalid definition, and nothing is written."""
    workflow = make_workflow()
    workflow.definition["tasks"][1]["arguments"] = {"bash_command": "true", "retries": "many"}
    before = files_below(tmp_path)

    with pytest.raises(InvalidDefinition, match="retries"):
        deploying(workflow)

    assert files_below(tmp_path) == before


def test_a_definition_with_decorators_is_left_to_the_dag_processor(deploying, session, settings, dags):
    """A DAG that only the DAG processor can build is pending, invisible, and keeps the paused state asked for."""
    workflow = make_workflow(is_paused=False)
    decorate(workflow)

    made = deploying(workflow)

    assert (made.state, made.is_paused) == ("pending", False)
    row = session.get(DagModel, "nightly")
    assert (row.is_active, row.is_paused, row.fileloc) == (False, False, made.fileloc)
    assert session.get(SerializedDagModel, "nightly") is None
    assert asked_for(session) == ([made.fileloc] if TAKES_PARSING_REQUESTS else [])
    assert get_deployed("nightly", settings=settings, session=session).state == "pending"

    session.commit()
    bag = DagBag(made.fileloc, include_examples=False)
    bag.sync_to_db(processor_subdir=str(dags), session=session)
    session.commit()
    found = get_deployed("nightly", settings=settings, session=session)
    assert (found.state, found.is_paused) == ("parsed", False)


def test_a_parse_right_after_a_pending_redeploy_is_not_skipped(deploying, session, dags):
    """The DAG processor's parse of a pending version replaces rows that are younger than the update interval."""
    deploying(make_workflow())
    second = make_workflow(force=True)
    decorate(second)
    made = deploying(second)
    session.commit()

    DagBag(made.fileloc, include_examples=False).sync_to_db(processor_subdir=str(dags), session=session)

    session.expire_all()
    assert session.get(SerializedDagModel, "nightly").dag.task_dict["check"].task_type == "_PythonDecoratedOperator"


def test_a_dry_run_tells_and_changes_nothing(deploying, session, tmp_path):
    """A dry run answers what would change, and neither a file nor a row does."""
    deploying(make_workflow(tags=["a"]))
    second = make_workflow(force=True, is_paused=False, schedule="@daily")
    second.definition["tasks"][0]["arguments"]["op_kwargs"] = {"table": "returns"}
    second.definition["tasks"][1] |= {"task_id": "report", "label": "report"}
    before, rows = files_below(tmp_path), session.query(Log).count()
    session.commit()

    with counted(session) as statements:
        found = deploying(second, dry_run=True)

    assert {statement.split()[0] for statement in statements} == {"SELECT"}
    assert files_below(tmp_path) == before
    assert session.query(Log).count() == rows
    assert (found.dry_run, found.created, found.is_paused, found.unfinished_runs) == (True, False, False, 0)
    assert found.changes == Changes(
        dag=(Difference("schedule", "0 3 * * *", "@daily"), Difference("tags", ["a"], None)),
        tasks_added=("report",),
        tasks_removed=("load",),
        tasks_changed={"check": ("arguments.op_kwargs",)},
        edges_added=(("check", "report"),),
        edges_removed=(("check", "load"),),
        task_groups_added=(),
        task_groups_removed=(),
        task_groups_changed=(),
        task_differences={
            "check": (Difference("arguments.op_kwargs", {"table": "orders"}, {"table": "returns"}),),
        },
    )


def test_a_dry_run_of_a_new_dag_makes_no_folder(deploying, session, tmp_path):
    """A dry run of a first deploy writes no file, folder or row."""
    before = sorted(tmp_path.rglob("*"))

    found = deploying(make_workflow(), dry_run=True)

    assert (found.created, found.is_paused, found.changes.tasks_added) == (True, None, ("check", "load"))
    assert sorted(tmp_path.rglob("*")) == before
    assert session.query(DagModel).count() == 0


@pytest.mark.file_store("no other stores anything before the rows")
def test_a_database_that_fails_after_the_rename_is_said(deploying, session, settings, monkeypatch):
    """When the database fails after the file is stored, the answer says so, and the next deploy repairs the rows."""
    with monkeypatch.context() as broken:

        def fail(*_, **__) -> None:
            raise OperationalError("INSERT", {}, Exception("gone"))

        broken.setattr(deployment_module, "write_rows", fail)
        with pytest.raises(Unavailable, match="The workflow `nightly` is stored, but Airflow's database did not"):
            deploying(make_workflow())
    assert get_deployed("nightly", settings=settings, session=session).state == "pending"

    deploying(make_workflow(force=True))

    assert get_deployed("nightly", settings=settings, session=session).state == "parsed"


def test_a_clock_that_was_set_back_gives_a_later_time(deploying, settings, session, monkeypatch):
    """Each version is younger than the one before it, whatever the clock says."""
    first = deploying(make_workflow())
    past = datetime(2020, 1, 1, tzinfo=timezone.utc)
    monkeypatch.setattr(deployment_module.timezone, "utcnow", lambda: past)

    second = deploying(make_workflow(force=True))

    assert second.deployed_at == first.deployed_at + timedelta(microseconds=1)


def test_the_number_of_statements_does_not_grow_with_the_tasks(deploying, session):
    """A deploy of 200 tasks costs as many SQL statements as one of two."""
    numbers = []
    for size in (2, 200):
        workflow = replace(make_workflow(f"size{size}"))
        check, load = workflow.definition["tasks"]
        workflow.definition["tasks"] = [check] + [
            {**load, "task_id": f"load{index}", "label": f"load{index}"} for index in range(size - 1)
        ]
        with counted(session) as statements:
            deploying(workflow)
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
