from airflow.sdk import Asset

Dataset = Asset
