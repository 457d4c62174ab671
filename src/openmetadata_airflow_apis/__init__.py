"""Deploy workflow definitions as Airflow DAGs over HTTP, and run and watch what was deployed."""

__version__ = "1.0.0rc1"
