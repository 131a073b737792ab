#!/usr/bin/env bash
# Sail's timestamp_seconds gives days and months of UTC, whatever the session's zone, and to_timestamp of a number is in 1970.
#
# One would expect: in a session of New York timestamp_seconds(1790816400), 1 October 01:00 UTC, is 30 September 21:00, a row
#   of September, as in Spark, whose place Sail takes; cast(… as timestamp) is so in both.
# What is true: the instant is right, but date_format, date_trunc, cast to a date and to a text take its clock in UTC; so with
#   timestamp_millis and timestamp_micros. to_timestamp(1790816400) takes the number for nanoseconds. No error, no warning.
# Version: pysail 0.7.2 (its SQL by pyspark-client 4.2.0). Seen in Spark 4.3.0: 2026-09-30 21:00:00 and 2026-09 of all four.
# Source: none known; Spark's SQL reference has these functions give TIMESTAMP, which is shown in the session's zone.
# What is lost: Stripe's times are whole seconds: each month in local time is that of UTC, the rows of its last evening go to
#   the next.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pysail==0.7.2 pyspark-client==4.2.0 pandas==2.3.3
venv/bin/python - 2>errors <<'PY' || { tail -20 errors >&2; exit 1; }
import pysail
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

created = 1_790_816_400
server = SparkConnectServer("127.0.0.1", 0)
server.start()
spark = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "America/New_York")
print("pysail", pysail.__version__)
same = True
for made, known in (
    (f"cast({created} as timestamp)", ["2026-09-30 21:00:00", "2026-09", "2026-09-30"]),
    (f"timestamp_seconds({created})", ["2026-10-01 01:00:00", "2026-10", "2026-10-01"]),
    (f"timestamp_millis({created}000)", ["2026-10-01 01:00:00", "2026-10", "2026-10-01"]),
    (f"to_timestamp({created})", ["1969-12-31 19:29:50.8164", "1969-12", "1969-12-31"]),
):
    asked = f"select cast({made} as string), date_format({made}, 'yyyy-MM'), cast(cast({made} as date) as string)"
    seen = list(spark.sql(asked).collect()[0])
    print(f"{made}: expected 2026-09-30 21:00:00, 2026-09 and 2026-09-30; seen {seen}")
    same &= seen == known
((equal,),) = spark.sql(f"select timestamp_seconds({created}) = cast({created} as timestamp)").collect()
print("the first two are equal:", equal)
spark.stop()
server.stop()
raise SystemExit(not (same and equal))
PY
