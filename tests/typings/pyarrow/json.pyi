"""Lines of JSON."""

from pyarrow import NativeFile, Schema, Table

class ParseOptions:
    def __init__(self, explicit_schema: Schema | None = None, unexpected_field_behavior: str = "infer") -> None: ...

class ReadOptions:
    def __init__(self, use_threads: bool = True, block_size: int | None = None) -> None: ...

def read_json(
    input_file: str | NativeFile, read_options: ReadOptions | None = None, parse_options: ParseOptions | None = None
) -> Table: ...
