# What `connector.airflow` uses of Airflow, for type checkers: a small part of it, as versions 2.11 and 3.3 have it.
from airflow.sdk import DAG as DAG
