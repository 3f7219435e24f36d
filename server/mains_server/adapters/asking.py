"""Asking a stranger a question: it may raise, hang or talk nonsense, and only the question is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread
from typing import Any, Generic, TypeVar

from mains_server.adapters.rules import wrong_with

Answer = TypeVar("Answer")

ANSWER_WITHIN = timedelta(seconds=5)
HANGS_MAX = 3


class AdapterFailed(Exception):
    """An adapter raised, hung or answered nonsense; the message is one line for a person."""

    def __init__(self, *, adapter: str, hook: str, reason: str) -> None:
        super().__init__(f"adapter {adapter}, hook {hook}: {reason}")
        self.adapter = adapter
        self.hook = hook
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class AdapterLine:
    """The line to one adapter: each call is limited in time, and after some hangs in a row nobody rings any more.

    A call that hangs cannot be stopped from outside, only left behind: its thread ends with the process.
    """

    adapter: str
    answer_within: timedelta = ANSWER_WITHIN
    _hangs: int = field(default=0, init=False)

    def ask(self, *, hook: str, call: Callable[[], Answer]) -> Answer:
        """Ask one question in a thread of its own, so that neither a hang nor a changed decimal context reaches us."""
        if self._hangs >= HANGS_MAX:
            raise self.failure(hook=hook, reason=f"is not asked any more after {HANGS_MAX} calls without an answer")
        outcome = _Outcome(call)
        thread = Thread(target=outcome.work_out, name=f"adapter-{self.adapter}-{hook}", daemon=True)
        thread.start()
        thread.join(self.answer_within.total_seconds())
        if not outcome.is_there:
            self._hangs += 1
            raise self.failure(hook=hook, reason=f"gave no answer within {self.answer_within.total_seconds():g} s")
        self._hangs = 0
        if outcome.error is not None:
            raise self.failure(hook=hook, reason=one_line(outcome.error)) from outcome.error
        return outcome.answers[0]

    def failure(self, *, hook: str, reason: str) -> AdapterFailed:
        """Make the refusal that names this adapter."""
        return AdapterFailed(adapter=self.adapter, hook=hook, reason=reason)


def ask_hook(line: AdapterLine, hook: str, plugin: Any, *requests: object, wanted: Any) -> Any:
    """Ask a plug-in's own function, and believe its answer only if it is what is `wanted`; AdapterFailed otherwise."""
    function = getattr(plugin, hook)
    answer = line.ask(hook=hook, call=lambda: function(*requests))
    reason = nonsense(answer, wanted=wanted)
    if reason is not None:
        raise line.failure(hook=hook, reason=reason)
    return answer


def nonsense(answer: object, *, wanted: Any) -> str | None:
    """Tell why an answer is not what is wanted, or None; one that breaks when it is looked at is not either."""
    try:
        return wrong_with(answer, wanted=wanted)
    except Exception as error:
        return f"the answer cannot be read: {one_line(error)}"


def one_line(error: BaseException) -> str:
    """Say an error in one line, with its kind."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:300] if words else type(error).__name__


class _Outcome(Generic[Answer]):
    """Where the thread leaves what it found; `is_there` is set last, so a late answer is never half seen."""

    def __init__(self, call: Callable[[], Answer]) -> None:
        self._call = call
        self.answers: list[Answer] = []
        self.error: BaseException | None = None
        self.is_there = False

    def work_out(self) -> None:
        """Make the call; even a `SystemExit` of the adapter is only its own failure."""
        try:
            self.answers.append(self._call())
        except BaseException as error:
            self.error = error
        self.is_there = True
