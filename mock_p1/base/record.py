"""What stands in a mapping of a scenario file, once it is read: plain, immutable, quick to load.

Files are checked by pydantic, which takes as long to load as all of the server. So a record's
annotations speak pydantic's words without loading it (``Later``): ``record_reader`` puts validators
of its core together when the first file is checked, ``strict_model`` makes models of the records
for the JSON Schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationInfo
    from pydantic_core import PydanticCustomError

Path = tuple[str | int, ...]
Wrong: TypeAlias = "PydanticCustomError"

MAX_PROBLEMS: Final = 1000
"""So many problems are named, of one mapping and in all.

Nobody reads on, and near matches take time.
"""

KINDS: Final[dict[str, type[Record]]] = {}
"""Every kind of record, by its name."""


class Later:
    """Something of pydantic's: its name, and what it is made with."""

    def __init__(self, name: str, *args: Any, **named: Any) -> None:  # noqa: ANN401 -- pydantic's
        self.name: str = name
        self.args: tuple[Any, ...] = args
        self.named: dict[str, Any] = named


AfterValidator: Final = partial(Later, "AfterValidator")
BeforeValidator: Final = partial(Later, "BeforeValidator")
Discriminator: Final = partial(Later, "Discriminator")
Field: Final = partial(Later, "Field")
PlainValidator: Final = partial(Later, "PlainValidator")
Tag: Final = partial(Later, "Tag")
WithJsonSchema: Final = partial(Later, "WithJsonSchema")
WrapValidator: Final = partial(Later, "WrapValidator")


class Located(dict[str, Any]):
    """A mapping that knows where it stands: ``file:line``."""

    __slots__ = ("source",)  # there may be a million of them

    source: str


@dataclass(eq=False, repr=False)
class Reading:
    """What one validation shares (pydantic's context): how many parts have failed so far."""

    failed: int = 0

    @staticmethod
    def of(info: ValidationInfo) -> Reading:
        """Return what this validation shares; a record that is read by itself shares nothing."""
        return info.context if isinstance(info.context, Reading) else Reading()

    @property
    def is_enough(self) -> bool:
        """Whether more has failed than anybody reads; what follows need not be looked at."""
        return self.failed > MAX_PROBLEMS


class _Fresh:
    """A default that could be changed, and so is another one for whoever asks."""

    def __init__(self, value: dict[str, Any] | list[Any]) -> None:
        self._value = value

    def __get__(self, record: object, kind: type) -> dict[str, Any] | list[Any]:
        return self._value.copy()


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:  # noqa: PLW1641 -- what it holds can be a list, so no hash would be right
    """A mapping with a fixed set of keys; those that begin with ``x-`` are ignored.

    A subclass names its keys as a dataclass does. An object holds what was written in the file
    alone (``vars``); the class has the defaults. Two are equal that say the same, wherever they
    stand. Two names are no keys: ``source`` says where it stands; ``beside``, where a record has
    that, holds whatever else was written. Who makes one checks it: ``record_reader.read_record``.
    """

    schema_rules: ClassVar[dict[str, Any]] = {}
    """What ``rules`` refuses, as far as a JSON Schema can say it."""
    field_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = [
            name
            for name, hint in cls.__annotations__.items()
            if not (name.startswith("_") or hint.startswith("ClassVar"))
        ]
        cls.field_names = (*cls.field_names, *own)
        for name in own:
            if isinstance(value := vars(cls).get(name), dict | list):
                setattr(cls, name, _Fresh(value))
        KINDS[cls.__name__] = cls

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 -- what stands in a file
        vars(self).update(values)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Return the record of values that are known to be right."""
        made = cls.__new__(cls)
        vars(made).update(values)
        return made

    @property
    def is_written(self) -> bool:
        """Whether anything was written."""
        return bool(vars(self).keys() - {"source"})

    def replaced(self, **changes: Any) -> Self:  # noqa: ANN401 -- as above
        """Return a record that says something else in part."""
        return self.of({**vars(self), **changes})

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:  # noqa: ARG003 -- for those who override it
        """Yield what is wrong with the mapping as a whole, each with the path to it."""
        yield from ()

    def _said(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.field_names if name != "source"}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or type(self) is not type(other):
            return NotImplemented
        return self._said() == other._said()

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self._said().items())
        return f"{type(self).__name__}({said})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be changed")


class LocatedRecord(Record):
    """A mapping that knows where it stands."""

    source: str = "scenario"
    """``file:line``, or the path of keys where the scenario was not read from a text."""
