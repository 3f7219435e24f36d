"""What a mutation changed, named by its number: read by one compiled SELECT after the change, or else by resolvers.

The mutation itself is run by Strawberry, once. Only what its payload shows of a mapped type is handed over, so that
declining never means doing the change again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from graphql import ExecutionResult, OperationType, get_nullable_type, is_non_null_type
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mains_schema.compiling.compiled import Part
from mains_schema.declaring.context import Context
from mains_schema.declaring.resolve import row_by_number
from mains_schema.declaring.shape import shape_of
from mains_schema.http.limits import VALUES_SHOWN_MAX, too_many_values

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that a payload shows: its type and its number, and what is raised where the viewer may not see it."""

    target: type
    number: int
    unseen: Callable[[], Exception] | None = None


def changed(target: type[T], number: int) -> T:
    """Name the row that a payload shows, for a field of its type; it is null where the viewer may not see it."""
    named: Any = Changed(target, number)
    return named  # type: ignore[no-any-return]


class Execution(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's execution, which reads what is `Changed` when it comes to it, and gives up on too long an answer.

    How long an answer gets is estimated before it is run (`limits.py`); where lists are longer than they were taken to
    be, it is counted here. What a mutation did is always told.
    """

    values = 0

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Path | None, grouped_field_set: Any, position_context: Any
    ) -> Any:
        """Count the fields of one more object, or give up, and then answer them as graphql-core does."""
        self.values += len(grouped_field_set)
        if self._is_too_long:
            raise too_many_values(self.values, VALUES_SHOWN_MAX)
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """Say once that an answer was given up, however many of its fields were left."""
        response = super().build_response(data)
        if not self._is_too_long:
            return response
        return ExecutionResult(None, [too_many_values(self.values, VALUES_SHOWN_MAX)])

    @property
    def _is_too_long(self) -> bool:
        return self.values > VALUES_SHOWN_MAX and self.operation.operation is not OperationType.MUTATION

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Path, result: Any, position_context: Any
    ) -> Any:
        """Complete a value; what is `Changed` by its SELECT, anything else as graphql-core does."""
        if not isinstance(result, Changed):
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        complete = super().complete_value
        return self._read(
            result,
            Part(get_nullable_type(return_type), field_details_list, _names(path)),
            lambda row: complete(return_type, field_details_list, info, path, row, position_context),
            is_needed=is_non_null_type(return_type),
        )

    async def _read(self, row: Changed, part: Part, resolve: Callable[[Any], Any], *, is_needed: bool) -> Any:
        context: Context = self.context_value
        found = await self._compiled(row, part, context)
        if found == b"null" and row.unseen is not None:
            raise row.unseen()
        if found is not None and not (found == b"null" and is_needed):
            return orjson.loads(found)
        read = await row_by_number(target=shape_of(row.target), reads=context.reads, number=row.number)
        if read is None and row.unseen is not None:
            raise row.unseen()
        completed = resolve(read)
        return await completed if self.is_awaitable(completed) else completed

    async def _compiled(self, row: Changed, part: Part, context: Context) -> bytes | None:
        if context.plans is None:
            return None
        return await context.plans.payload(
            part=part,
            target=row.target,
            number=row.number,
            operation=self.operation,
            variables=self.variable_values,
            context=context,
        )


def _names(path: Path) -> tuple[str, ...]:
    """Give a place in the answer without the numbers of list items, which share a plan."""
    return tuple(part for part in path.as_list() if isinstance(part, str))
