"""How a lake in a bucket is got at."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from connector.options.option import Option

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


class Storage(TypedDict, total=False):
    """Settings of the store of a bucket; a local folder has none."""

    storage_options: Annotated[
        "Mapping[str, str] | None",
        Option(
            says="settings of a bucket's store by name, such as `region`, over those of the environment",
            flag="storage-option",
            metavar="NAME=VALUE",
            many=True,
            help="setting of a bucket's store, such as endpoint=https://…; repeatable; secrets come from elsewhere",
        ),
    ]
    storage_options_file: Annotated[
        "str | PathLike[str] | None",
        Option(
            says="a file of more of them, secrets among them: `NAME=VALUE` on each line",
            metavar="FILE",
            help="file of settings, NAME=VALUE a line, for secrets too (else the cloud's own variables)",
        ),
    ]
    single_writer: Annotated[
        "bool",
        Option(
            says="use a store that heeds no conditions of puts: then two runs at once may lose each other's rows",
            default=False,
            reads="flag",
            help="use a store without conditional puts: two runs at once may then lose each other's rows",
        ),
    ]


class NewStorage(TypedDict, total=False):
    """The same for a lake that is to be made."""

    new_storage_options: Annotated[
        "Mapping[str, str] | None",
        Option(
            says="settings of the store of the bucket that the new lake is to be in",
            flag="new-storage-option",
            metavar="NAME=VALUE",
            many=True,
            help="setting of the store of NEW; repeatable",
        ),
    ]
    new_storage_options_file: Annotated[
        "str | PathLike[str] | None",
        Option(
            says="a file of more of them, secrets among them",
            metavar="FILE",
            help="file of settings of the store of NEW, NAME=VALUE a line",
        ),
    ]
    new_single_writer: Annotated[
        "bool",
        Option(
            says="make the new lake in a store that heeds no conditions of puts",
            default=False,
            reads="flag",
            help="use a store without conditional puts for NEW",
        ),
    ]
