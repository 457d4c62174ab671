"""The database store: what is deployed is a row, which the loader files of each node build DAGs of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from airflow import settings as airflow_settings
from airflow.exceptions import AirflowClusterPolicyViolation, AirflowException
from airflow.jobs.job import Job
from airflow.models.dag import DagModel
from airflow.models.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils import timezone
from airflow.utils.cli import get_dag
from airflow.utils.dag_parsing_context import _AIRFLOW_PARSING_CONTEXT_DAG_ID
from airflow.utils.session import create_session
from sqlalchemy import event
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateTable

from openmetadata_airflow_apis.conflict_errors import DiffersInCase
from openmetadata_airflow_apis.dagbuild import shard_loader, shard_tables, shards
from openmetadata_airflow_apis.dagbuild.shards import hash_of, shard_of
from openmetadata_airflow_apis.deploy import await_parse, delete_dag, deploy, get_deployed, list_deployed, parse_wait
from openmetadata_airflow_apis.deploy.nodes_of_dag import DagNode, NodeFile
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import loader_files, open_store, version_rows
from support.parsing import parse
from support.statements import counted
from support.versions import TAKES_PARSING_REQUESTS, asked_for

from .conftest import decorate, make_workflow

SHARDS = 2


@pytest.fixture
def settings(settings) -> Settings:
    """Settings that choose the database store, its tables made."""
    shard_tables.make_tables()
    return replace(settings, definition_store="database", loader_shards=SHARDS)


@pytest.fixture
def dags(dags) -> Path:
    """The dags folder of a node, with its loader files."""
    list(loader_files.install(dags, SHARDS))
    return dags


@pytest.fixture(autouse=True)
def tables_emptied(settings):
    """Nothing is deployed after the test."""
    yield
    with airflow_settings.engine.begin() as connection:
        for table in (shard_tables.DEPLOYED_DAG, shard_tables.IMPORT_ERROR, shard_tables.PARSED_DAG):
            connection.execute(table.delete())


@pytest.fixture
def deploying(session, settings, dags):
    """Deploy a DAG as ada."""

    def run(dag_id: str = "nightly", **options):
        made = deploy(make_workflow(dag_id, force=True, **options), user="ada", settings=settings, session=session)
        session.commit()
        return made

    return run


def same_shard(count: int) -> list[str]:
    """Return names of so many DAGs of the first shard."""
    names = (f"dag{number}" for number in range(1000))
    return [name for name in names if shard_of(name, SHARDS) == 0][:count]


def load(path: str) -> DagBag:
    """Load a file as a process does that is about no DAG in particular."""
    return DagBag(path, include_examples=False)


def test_every_dag_is_in_one_shard():
    """However many shards there are, each name is in exactly one, and its row is among those that shard asks for."""
    for number_of_shards in (1, 2, 3, 7, 8, 100):
        ranges = [shards._hashes_of(shard, number_of_shards) for shard in range(number_of_shards)]
        assert ranges[0][0] == 0
        assert ranges[-1][1] == 2**31
        assert [first for first, _ in ranges[1:]] == [after for _, after in ranges[:-1]]
        for number in range(500):
            first, after = ranges[shard_of(f"dag{number}", number_of_shards)]
            assert first <= hash_of(f"dag{number}") < after


def test_a_shard_is_asked_for_in_one_statement(deploying, session):
    """A loader builds all DAGs of its shard of one statement, and each is that of its deploy."""
    names = same_shard(5)
    made = {name: deploying(name) for name in names}
    deploying("elsewhere" if shard_of("elsewhere", SHARDS) else "another")
    with counted(session) as statements:
        bag = load(made[names[0]].fileloc)
    assert bag.import_errors == {}
    assert sorted(bag.dags) == sorted(names)
    assert len(statements) == 1
    for name, dag in bag.dags.items():
        assert dag.fileloc == made[name].fileloc
        folder = str(Path(dag.fileloc).parent)
        assert SerializedDagModel.write_dag(dag, processor_subdir=folder, session=session) is False


def test_a_task_loads_its_own_dag_alone(deploying, monkeypatch):
    """A worker's task builds the one DAG that it is of; what its process loads later is loaded whole."""
    monkeypatch.setattr(shard_loader, "_loaded_alone", set())
    first, second = same_shard(2)
    path = deploying(first).fileloc
    deploying(second)
    monkeypatch.setenv(_AIRFLOW_PARSING_CONTEXT_DAG_ID, first)
    assert list(load(path).dags) == [first]
    assert sorted(load(path).dags) == sorted([first, second])


def test_the_command_line_loads_the_dag_that_it_names_alone(deploying, session, settings, monkeypatch):
    """`airflow tasks run` builds the one DAG that it is given, and says why where that can't be built."""
    first, second = same_shard(2)
    path = deploying(first).fileloc
    deploying(second)
    built = []
    build = shard_loader.build_row
    monkeypatch.setattr(shard_loader, "build_row", lambda row, *rest: built.append(row.dag_id) or build(row, *rest))
    assert get_dag(path, first).dag_id == first
    assert built == [first]

    (settings.dag_managed_operators / "checks.py").unlink()
    with pytest.raises(AirflowException, match="could not be found"):
        get_dag(path, first)


def test_a_webserver_needs_no_dags_folder(session, settings, tmp_path, monkeypatch):
    """A webserver deploys, redeploys and deletes where it has no dags folder, nor any loader file."""
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(tmp_path / "nowhere"))
    for schedule in ("@daily", "@hourly"):
        made = deploy(make_workflow(force=True, schedule=schedule), user="ada", settings=settings, session=session)
        assert (made.state, session.get(DagModel, "nightly").schedule_interval) == ("parsed", schedule)
        session.expire_all()
    delete_dag("nightly", user="ada", settings=settings, session=session)
    assert session.query(DagModel).count() == session.query(SerializedDagModel).count() == 0
    assert not (tmp_path / "nowhere").exists()
    assert not settings.dag_generated_configs.exists()


def test_one_bad_definition_hurts_no_other(deploying, session, settings):
    """A DAG that a node cannot build is left out there, and its error is the DAG's own until it builds again."""
    bad, good = same_shard(2)
    path = deploying(bad).fileloc
    workflow = make_workflow(good)
    workflow.definition["tasks"] = workflow.definition["tasks"][1:]
    workflow.definition["tasks"][0]["upstream"] = []
    deploy(workflow, user="ada", settings=settings, session=session)
    session.commit()

    assert parse(path) is None
    assert get_deployed(bad, settings=settings, session=session).state == "parsed"
    session.commit()

    (settings.dag_managed_operators / "checks.py").write_text("import no_such_module\n")
    parse(path)
    session.commit()
    found = get_deployed(bad, settings=settings, session=session)
    assert found.state == "failed"
    assert "No module named 'no_such_module'" in found.import_error
    assert get_deployed(good, settings=settings, session=session).state == "parsed"
    failed = list_deployed(settings=settings, session=session, filters={"state": ["failed"]})
    assert [dag.dag_id for dag in failed.dags] == [bad]
    with counted(session) as statements:
        parse(path)
    assert [statement for statement in statements if "INSERT" in statement and "apis_import_error" in statement] == []

    (settings.dag_managed_operators / "checks.py").write_text("def check(table='t'):\n    pass\n")
    parse(path)
    session.commit()
    assert get_deployed(bad, settings=settings, session=session).state == "parsed"


def test_a_dag_that_airflow_refuses_hurts_no_other(deploying, session, settings, monkeypatch):
    """A cluster policy of the DAG processor that one DAG violates leaves the others of its shard to the scheduler."""
    (settings.dag_managed_operators / "checks.py").write_text("def check(table='t'):\n    pass\n")
    refused, other = same_shard(2)
    path = deploying(refused).fileloc
    deploying(other)

    def policy(dag) -> None:
        if dag.dag_id == refused:
            raise AirflowClusterPolicyViolation("no such DAGs here")

    with monkeypatch.context() as patch:
        patch.setattr("airflow.settings.dag_policy", policy)
        for _ in range(2):
            assert parse(path) is None
        session.commit()
        found = get_deployed(refused, settings=settings, session=session)
        assert (found.state, found.import_error) == ("failed", "AirflowClusterPolicyViolation: no such DAGs here")
        assert get_deployed(other, settings=settings, session=session).state == "parsed"
        assert session.query(DagModel.has_import_errors).all() == [(False,)] * 2
        session.commit()
    assert parse(path) is None
    session.commit()
    assert get_deployed(refused, settings=settings, session=session).state == "parsed"


def test_a_database_that_does_not_answer_is_an_import_error(deploying, monkeypatch):
    """Where the database does not answer, the file says so, and none of its DAGs is taken for gone."""
    path = deploying().fileloc

    def fail(*_, **__) -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(airflow_settings.engine.__class__, "connect", fail)
    bag = load(path)
    monkeypatch.undo()
    assert bag.dags == {}
    assert "Airflow's database does not answer" in bag.import_errors[path]
    assert "connection refused" in bag.import_errors[path]


def test_a_deploy_in_the_middle_of_a_sync_is_what_is_written(deploying, session):
    """A sync of a shard writes the DAG that was deployed since as it is now, the deleted one not, and all others."""
    changed, deleted, other = same_shard(3)
    path = deploying(changed, schedule="@daily").fileloc
    for name in (deleted, other):
        deploying(name, schedule=[{"$dataset": {"uri": "s3://in/"}}], tags=["a"])
    bag = load(path)
    deploying(changed, schedule="@hourly", tags=["new"])
    delete_dag(deleted, user="ada", settings=settings_of(), session=session)
    before = session.query(DagModel.last_parsed_time).filter_by(dag_id=other).scalar()
    session.commit()

    with create_session() as sync:
        bag.sync_to_db(processor_subdir=str(Path(path).parent), session=sync)

    session.expire_all()
    assert bag.import_errors == {}
    assert {row.dag_id: row.schedule_interval for row in session.query(DagModel)} == {
        changed: "@hourly",
        other: "Dataset",
    }
    assert sorted(row.dag_id for row in session.query(SerializedDagModel)) == sorted([changed, other])
    assert session.get(SerializedDagModel, changed).dag.schedule_interval == "@hourly"
    assert [tag.name for tag in session.get(DagModel, changed).tags] == ["new"]
    assert session.get(DagModel, other).last_parsed_time > before


def settings_of() -> Settings:
    """Return settings that choose the database store, for a delete."""
    return Settings(definition_store="database", loader_shards=SHARDS)


class Died(BaseException):
    """The process ends."""


def dies_at(commit: int, session, act) -> bool:
    """Act, and die before the commit of that number; return whether it came to that."""
    left = commit

    def count(*_) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Died

    event.listen(session, "before_commit", count)
    try:
        act()
    except Died:
        session.rollback()
        return True
    finally:
        event.remove(session, "before_commit", count)
    return False


@pytest.mark.parametrize("act", ["deploy", "redeploy", "delete"])
def test_a_change_is_one_transaction(deploying, session, settings, act):
    """A change that ends before any of its commits leaves what is deployed and its rows as they were."""
    if act != "deploy":
        deploying(schedule="@daily")
    store = open_store(settings)

    def change() -> None:
        if act == "delete":
            delete_dag("nightly", user="ada", settings=settings, session=session)
        else:
            deploy(make_workflow(force=True, schedule="@hourly"), user="bob", settings=settings, session=session)

    def look():
        session.rollback()
        session.expire_all()
        row = session.get(DagModel, "nightly")
        versions = version_rows.page("nightly", limit=9, offset=0, oldest_first=True, session=session)
        return store.read("nightly"), row and row.schedule_interval, versions

    before, commits = look(), 0
    while dies_at(commits, session, change):
        assert look() == before
        commits += 1
    assert commits > 0
    document, schedule, _ = look()
    if act == "delete":
        assert (document, schedule) == (None, None)
    else:
        assert (document.deployed_by, schedule) == ("bob", "@hourly")


@pytest.fixture
def parsed_on(monkeypatch, session):
    """Parse a file as the DAG processor of a host does."""

    def run(hostname: str, path: str) -> None:
        session.commit()
        with monkeypatch.context() as patch:
            patch.setattr("airflow.utils.net.get_hostname", lambda: hostname)
            parse(path)
        session.commit()

    return run


@pytest.fixture
def heartbeat(session):
    """Leave a heartbeat of a scheduler, which has a DAG processor, on a host; it is gone after the test."""

    def leave(hostname: str) -> None:
        job = Job(job_type="SchedulerJob", state="running", latest_heartbeat=timezone.utcnow())
        job.hostname = hostname
        session.add(job)
        session.commit()

    yield leave
    session.rollback()
    session.query(Job).delete()
    session.commit()


def test_each_node_says_what_it_has_parsed(deploying, parsed_on, heartbeat, session, settings):
    """A DAG processor's first parse of a deployment is noted by host, with the callable files as they are there."""
    checks = settings.dag_managed_operators / "checks.py"
    checks.write_text("def check(table='t'):\n    pass\n")
    sums = [sha256(checks.read_bytes()).hexdigest()]
    first = deploying(schedule="@daily")
    heartbeat("node-3")

    def nodes() -> dict[str, DagNode]:
        found = get_deployed("nightly", settings=settings, session=session).nodes
        session.commit()
        return {node.hostname: node for node in found}

    (waiting,) = nodes().values()
    assert waiting == DagNode(
        "node-3", "pending", None, None, None, None, (), is_alive=True, latest_heartbeat=waiting.latest_heartbeat
    )
    parsed_on("node-1", first.fileloc)
    node = nodes()["node-1"]
    assert node == DagNode(
        "node-1",
        "parsed",
        1,
        first.revision,
        node.parsed_at,
        None,
        (NodeFile("checks.py", sums[0], differs=False),),
        is_alive=False,
        latest_heartbeat=None,
    )
    assert node.parsed_at >= first.deployed_at

    checks.write_text("def check(table='t'):\n    return table\n")
    sums.append(sha256(checks.read_bytes()).hexdigest())
    second = deploying(schedule="@hourly")
    parsed_on("node-2", second.fileloc)
    assert {
        (node.hostname, node.state, node.version_number, node.revision, node.callable_files)
        for node in nodes().values()
    } == {
        ("node-1", "pending", 1, first.revision, (NodeFile("checks.py", sums[0], differs=True),)),
        ("node-2", "parsed", 2, second.revision, (NodeFile("checks.py", sums[1], differs=True),)),
        ("node-3", "pending", None, None, ()),
    }

    checks.unlink()
    parsed_on("node-1", second.fileloc)
    node = nodes()["node-1"]
    assert (node.state, node.version_number) == ("failed", 1)
    assert "checks.py" in node.import_error

    checks.write_text("def check(table='t'):\n    return table\n")
    parsed_on("node-1", second.fileloc)
    assert {(node.hostname, node.state) for node in nodes().values()} == {
        ("node-1", "parsed"),
        ("node-2", "parsed"),
        ("node-3", "pending"),
    }


def test_a_parse_that_changes_nothing_notes_nothing(deploying, parsed_on, session, settings):
    """Only a new deployment, or a callable file that has changed, is noted."""
    checks = settings.dag_managed_operators / "checks.py"
    checks.write_text("def check(table='t'):\n    pass\n")
    path = deploying().fileloc

    def writes() -> list[str]:
        with counted(session) as statements:
            parsed_on("node-1", path)
        return [statement for statement in statements if "INSERT INTO openmetadata_airflow_apis" in statement]

    assert len(writes()) == 1
    assert writes() == []
    checks.write_text("def check(table='t'):\n    return 1\n")
    assert len(writes()) == 1
    assert writes() == []


def test_a_wait_is_for_every_node_that_lives(deploying, parsed_on, heartbeat, session, settings):
    """A deployment is parsed once each DAG processor with a heartbeat has parsed it, and failed where one could not."""
    checks = settings.dag_managed_operators / "checks.py"
    checks.write_text("def check(table='t'):\n    pass\n")
    heartbeat("node-1")
    heartbeat("node-2")

    def state() -> str:
        return await_parse(made, 0.0, settings=settings, session=session).state

    made = deploying()
    parsed_on("gone", made.fileloc)
    parsed_on("node-1", made.fileloc)
    assert state() == "pending"
    parsed_on("node-2", made.fileloc)
    assert state() == "parsed"

    made = deploying(schedule="@hourly")
    parsed_on("node-1", made.fileloc)
    checks.unlink()
    parsed_on("node-2", made.fileloc)
    assert state() == "failed"


def test_a_wait_for_a_number_of_nodes(deploying, parsed_on, heartbeat, session, settings):
    """So many hosts have to have parsed a deployment, whichever they are and whoever else has a heartbeat."""
    (settings.dag_managed_operators / "checks.py").write_text("def check(table='t'):\n    pass\n")
    for name in ("node-1", "node-2", "node-3"):
        heartbeat(name)
    made = deploying()

    def states() -> list[str]:
        """The states that a wait for one, two and three nodes ends with, and one for all."""
        numbers = (1, 2, 3, None)
        return [await_parse(made, 0.0, nodes=nodes, settings=settings, session=session).state for nodes in numbers]

    assert states() == ["pending"] * 4
    for name, awaited in (
        ("node-1", ["parsed", "pending", "pending", "pending"]),
        ("node-without-heartbeat", ["parsed", "parsed", "pending", "pending"]),
        ("node-2", ["parsed", "parsed", "parsed", "pending"]),
        ("node-3", ["parsed", "parsed", "parsed", "parsed"]),
    ):
        parsed_on(name, made.fileloc)
        assert states() == awaited


def test_a_wait_asks_the_other_nodes(deploying, parsed_on, heartbeat, session, settings, monkeypatch):
    """Of several DAG processors one takes the request for a parse: it is made again for those that are behind."""
    monkeypatch.setattr(parse_wait, "_ASK_OTHERS", 0.02)
    monkeypatch.setattr(parse_wait, "_POLL", 0.01)
    asked = []
    monkeypatch.setattr(parse_wait, "request_parsing", lambda filelocs, **_: asked.extend(filelocs))
    (settings.dag_managed_operators / "checks.py").write_text("def check(table='t'):\n    pass\n")
    heartbeat("node-1")
    heartbeat("node-2")
    made = deploying()
    parsed_on("node-1", made.fileloc)
    assert await_parse(made, 0.5, settings=settings, session=session).state == "pending"
    assert set(asked) == {made.fileloc}


def test_what_silent_hosts_have_noted_is_forgotten(deploying, parsed_on, heartbeat, session, settings):
    """A new host's first parse forgets the hosts that have noted nothing, and had no heartbeat, for a day."""
    (settings.dag_managed_operators / "checks.py").write_text("def check(table='t'):\n    pass\n")
    path = deploying().fileloc
    for name in ("gone", "silent", "lately"):
        parsed_on(name, path)
    long_ago = timezone.utcnow() - timedelta(days=2)
    of_old = shard_tables.PARSED_DAG.c.hostname.in_(["gone", "silent"])
    session.execute(shard_tables.PARSED_DAG.update().where(of_old).values(timestamp=long_ago))
    heartbeat("silent")
    parsed_on("new", path)
    nodes = get_deployed("nightly", settings=settings, session=session).nodes
    assert [(node.hostname, node.is_alive) for node in nodes] == [("lately", False), ("new", False), ("silent", True)]


def test_what_nodes_have_of_a_deleted_dag_is_forgotten(deploying, parsed_on, session, settings):
    """A DAG that is deployed again has been parsed by no node."""
    (settings.dag_managed_operators / "checks.py").write_text("def check(table='t'):\n    pass\n")
    parsed_on("node-1", deploying().fileloc)
    delete_dag("nightly", user="ada", settings=settings, session=session)
    session.commit()
    deploying()
    assert get_deployed("nightly", settings=settings, session=session).nodes == ()


def test_names_that_differ_in_case_are_one(deploying):
    """A name that differs from a deployed one in upper and lower case alone is refused."""
    deploying("Nightly")
    with pytest.raises(DiffersInCase):
        deploying("nightly")


def test_two_shards_have_their_own_requests(deploying, session):
    """Each deploy asks for a parse of its shard's file, and a file that is asked for already is asked for once."""
    made = {deploying(name).fileloc for name in same_shard(3)}
    assert len(made) == 1
    assert asked_for(session) == (sorted(made) if TAKES_PARSING_REQUESTS else [])


def test_the_tables_fit_each_database():
    """The tables can be made on PostgreSQL and MySQL, where no text or document is cut off."""
    for table in (shard_tables.DEPLOYED_DAG, shard_tables.IMPORT_ERROR, shard_tables.PARSED_DAG):
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))
    assert "LONGBLOB" in str(CreateTable(shard_tables.DEPLOYED_DAG).compile(dialect=mysql.dialect()))
    for table in (shard_tables.IMPORT_ERROR, shard_tables.PARSED_DAG):
        assert "LONGTEXT" in str(CreateTable(table).compile(dialect=mysql.dialect()))


def test_loader_files_are_written_once(tmp_path):
    """install-loader writes a file a shard, leaves those that are there, and removes those of another number."""
    first = dict(loader_files.install(tmp_path, 2))
    assert [path.name for path in first] == [loader_files.file_name(shard, 2) for shard in range(2)]
    assert set(first.values()) == {"written"}
    assert set(dict(loader_files.install(tmp_path, 2)).values()) == {"unchanged"}
    outcomes = [outcome for _, outcome in loader_files.install(tmp_path, 3)]
    assert outcomes == ["written"] * 3 + ["removed"] * 2
    (tmp_path / loader_files.file_name(0, 3)).write_text("# somebody else's\n")
    with pytest.raises(Unavailable, match="was not written by install-loader"):
        list(loader_files.install(tmp_path, 3))


def test_a_pending_dag_is_built_by_the_dag_processor(session, settings, dags):
    """A DAG that only the DAG processor can build is pending until its shard is parsed."""
    (settings.dag_managed_operators / "checks.py").write_text("def check(table='t'):\n    pass\n")
    workflow = make_workflow()
    decorate(workflow)
    made = deploy(workflow, user="ada", settings=settings, session=session)
    session.commit()
    assert made.state == "pending"
    parse(made.fileloc)
    session.commit()
    assert get_deployed("nightly", settings=settings, session=session).state == "parsed"


def test_a_workers_question_names_the_schema_of_airflows_tables(session):
    """The statement for one DAG asks in [database] sql_alchemy_schema, quoted where its name needs it."""
    from openmetadata_airflow_apis.dagbuild import shards

    names = ("dag_id", "mark")
    for schema, place in ((None, ""), ("airflow", "airflow."), ("Air flow", '"Air flow".')):
        words, values = shards._of_one(names, schema, "nightly")
        quoted = place if session.get_bind().dialect.name != "mysql" else place.replace('"', "`")
        assert str(words).split(" FROM ")[1] == f"{quoted}{shards.DEPLOYED} WHERE dag_id = :dag_id"
        assert values == {"dag_id": "nightly"}


def test_a_page_of_names_is_read_in_the_order_of_an_index(session):
    """PostgreSQL reads the names of a page alone; by the primary key's index it would sort all that are deployed."""
    from sqlalchemy import text

    from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG

    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("the other databases' own index is in the order of bytes")
    session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = session.scalars(
        text(f'EXPLAIN SELECT dag_id FROM {DEPLOYED_DAG.fullname} ORDER BY dag_id COLLATE "C" LIMIT 10')  # noqa: S608
    ).all()
    session.rollback()
    assert [line for line in plan if "Sort" in line] == [], plan
