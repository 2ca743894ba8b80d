"""What a call that produces many messages returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from dekaf._core import BatchResultCore, RecordMetadata, failed_indices
from dekaf._types import R_co

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from dekaf._core import CallOutcome
    from dekaf._errors import ProduceError

__all__ = ["BatchResult"]


class BatchResult(BatchResultCore[R_co], Sequence[R_co]):  # noqa: PLW1641 - compared by what is in it
    """What became of the messages of one call, in their order.

    A sequence of `RecordMetadata`, each made when it is looked at; with `return_exceptions=True`
    those of failed messages are `ProduceError`s.

        async with Producer("localhost:9092") as producer:
            results = await producer.produce_all("orders", [("o1", b"..."), ("o2", b"...")])
        assert [metadata.offset for metadata in results] == [0, 1]
    """

    __slots__ = ("_errors",)

    def __new__(cls, results: CallOutcome | list[R_co]) -> Self:
        return super().__new__(cls, results)

    @property
    def succeeded(self) -> list[RecordMetadata]:
        """The metadata of the messages that are stored, in their order."""
        results = cast("Sequence[RecordMetadata | ProduceError]", self)
        return [result for result in results if isinstance(result, RecordMetadata)]

    @property
    def failed(self) -> list[ProduceError]:
        """Why the others are not; `index` says which message each of them is."""
        # A list of its own for each who asks, of errors that are looked up once.
        errors: tuple[ProduceError, ...] | None = getattr(self, "_errors", None)
        if errors is None:
            errors = self._errors = tuple(
                cast("ProduceError", self[n]) for n in failed_indices(self)
            )
        return list(errors)

    def __iter__(self) -> Iterator[R_co]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BatchResult):
            return NotImplemented
        return list(self) == list(cast("BatchResult[object]", other))

    def __repr__(self) -> str:
        failed = len(failed_indices(self))
        return f"<BatchResult of {len(self)}: {len(self) - failed} stored, {failed} failed>"

    def _repr_html_(self) -> str:
        from dekaf._html import batch_html  # noqa: PLC0415 - only notebooks need it

        return batch_html(cast("BatchResult[RecordMetadata | ProduceError]", self))

    def __reduce__(self) -> tuple[type[Self], tuple[list[R_co]]]:
        return type(self), (list(self),)
