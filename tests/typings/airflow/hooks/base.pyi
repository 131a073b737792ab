from airflow.sdk import BaseHook as BaseHook
