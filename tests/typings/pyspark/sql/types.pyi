class DataType: ...

class StructField:
    name: str
    dataType: DataType
    nullable: bool

class StructType(DataType):
    fields: list[StructField]
