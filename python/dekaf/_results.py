"""What one call that produces many messages returns, and what it raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from dekaf._core import BatchResultCore, RecordMetadata
from dekaf._errors import DekafError, ProduceError
from dekaf._types import R_co

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from dekaf._core import BatchCall

__all__ = ["BatchResult", "ProduceErrorGroup"]


class BatchResult(BatchResultCore[R_co], Sequence[R_co]):
    """What became of the messages of one call, in their order.

    A sequence of `RecordMetadata`, each made when it is looked at; with `return_exceptions=True`
    those of failed messages are `ProduceError`s.

        results = await producer.produce_all("orders", [("o1", b"..."), ("o2", b"...")])
        print(results[0].offset, len(results))
    """

    __slots__ = ()

    def __new__(cls, results: BatchCall | list[R_co]) -> Self:
        return super().__new__(cls, results)

    @property
    def succeeded(self) -> list[RecordMetadata]:
        """The metadata of the messages that are stored, in their order."""
        results = cast("Sequence[RecordMetadata | ProduceError]", self)
        return [result for result in results if isinstance(result, RecordMetadata)]

    @property
    def failed(self) -> list[ProduceError]:
        """Why the others are not; `index` says which message each of them is."""
        return [cast("ProduceError", self[index]) for index in self._failed]

    def __iter__(self) -> Iterator[R_co]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BatchResult):
            return NotImplemented
        return list(self) == list(cast("BatchResult[object]", other))

    __hash__ = None  # type: ignore[assignment] # it is compared by what is in it

    def __repr__(self) -> str:
        failed = len(self._failed)
        return f"<BatchResult of {len(self)}: {len(self) - failed} stored, {failed} failed>"

    def _repr_html_(self) -> str:
        from dekaf._html import batch_html  # noqa: PLC0415 - only notebooks need it

        return batch_html(cast("BatchResult[RecordMetadata | ProduceError]", self))

    def __reduce__(self) -> tuple[type[Self], tuple[list[R_co]]]:
        return type(self), (list(self),)


class ProduceErrorGroup(DekafError, ExceptionGroup[ProduceError]):
    """Some messages of one call failed. The others are delivered all the same.

        try:
            await producer.produce_all(messages)
        except ProduceErrorGroup as group:
            again = [messages[error.index] for error in group.failed if error.retriable]

    `except* DeliveryTimeout` and the like work as well.
    """

    results: BatchResult[RecordMetadata | ProduceError]
    """What became of every message: metadata or an error, in the order of the call."""

    def __new__(
        cls,
        message: str,
        errors: Sequence[ProduceError],
        results: BatchResult[RecordMetadata | ProduceError],
    ) -> Self:
        group = super().__new__(cls, message, errors)
        group.results = results
        group.retriable = all(error.retriable for error in errors)
        group.fatal = any(error.fatal for error in errors)
        group.maybe_written = any(error.maybe_written for error in errors)
        return group

    @classmethod
    def of(cls, results: BatchResult[RecordMetadata | ProduceError]) -> Self:
        """Make one of the results of a call in which not all went well."""
        failed = results.failed
        first = f"the first, at index {failed[0].index}: {failed[0]}"
        return cls(f"{len(failed)} of {len(results)} messages failed; {first}", failed, results)

    @property
    def succeeded(self) -> list[RecordMetadata]:
        """The metadata of the messages that are stored, in their order."""
        return self.results.succeeded

    @property
    def failed(self) -> list[ProduceError]:
        """Why the others are not; `index` says which message each of them is."""
        return self.results.failed

    def derive(self, errors: Sequence[ProduceError]) -> ProduceErrorGroup:  # type: ignore[override]
        """Make one of some of the errors; what became of all the messages goes with it."""
        return type(self)(self.message, errors, self.results)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, list(self.exceptions), self.results)
