from airflow.sdk import BaseOperator as BaseOperator
