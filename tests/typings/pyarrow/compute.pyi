"""Functions on columns, made when pyarrow is imported: of a batch's columns come such columns, and so of a table's."""

from collections.abc import Sequence
from typing import Protocol, overload

from pyarrow import Array, ChunkedArray, DataType, RecordBatch, Scalar, Table

class _Makes(Protocol):
    """Makes another value of each."""

    @overload
    def __call__(self, x: Array, /) -> Array: ...
    @overload
    def __call__(self, x: ChunkedArray, /) -> ChunkedArray: ...

class _Combines(Protocol):
    """Makes another value of each and another one."""

    @overload
    def __call__(self, x: Array, y: object, /) -> Array: ...
    @overload
    def __call__(self, x: ChunkedArray, y: object, /) -> ChunkedArray: ...

class _Reduces(Protocol):
    """Makes one value of all."""

    def __call__(self, array: Array | ChunkedArray, /) -> Scalar: ...

is_valid: _Makes
invert: _Makes

equal: _Combines
not_equal: _Combines
less: _Combines
less_equal: _Combines
greater: _Combines
greater_equal: _Combines
and_: _Combines
or_: _Combines
xor: _Combines

negate: _Makes
cumulative_sum: _Makes
list_flatten: _Makes
list_parent_indices: _Makes
list_value_length: _Makes

add: _Combines
subtract: _Combines
multiply: _Combines
divide: _Combines
shift_right: _Combines
bit_wise_and: _Combines
coalesce: _Combines

all: _Reduces
any: _Reduces
count_distinct: _Reduces
max: _Reduces
min: _Reduces
min_max: _Reduces
sum: _Reduces

def indices_nonzero(values: Array | ChunkedArray) -> Array: ...
def unique(array: Array | ChunkedArray) -> Array: ...
def sort_indices(input: RecordBatch | Table, sort_keys: Sequence[tuple[str, str]]) -> Array: ...
@overload
def cast(arr: Array, target_type: DataType) -> Array: ...
@overload
def cast(arr: ChunkedArray, target_type: DataType) -> ChunkedArray: ...
@overload
def fill_null(values: Array, fill_value: object) -> Array: ...
@overload
def fill_null(values: ChunkedArray, fill_value: object) -> ChunkedArray: ...
@overload
def if_else(cond: Array, left: object, right: object) -> Array: ...
@overload
def if_else(cond: ChunkedArray, left: object, right: object) -> ChunkedArray: ...
@overload
def index_in(values: Array, value_set: Array | ChunkedArray) -> Array: ...
@overload
def index_in(values: ChunkedArray, value_set: Array | ChunkedArray) -> ChunkedArray: ...
@overload
def is_in(values: Array, value_set: Array) -> Array: ...
@overload
def is_in(values: ChunkedArray, value_set: Array) -> ChunkedArray: ...
