from typing import Any

class OperatorLineage:
    def __init__(self, inputs: list[Any] = ..., outputs: list[Any] = ...) -> None: ...
