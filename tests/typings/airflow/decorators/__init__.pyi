from airflow.sdk import task as task
