# What `connector.spark` uses of Spark, for type checkers: a small part of it, as version 4.3 has it.
