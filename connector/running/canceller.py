"""What stops a call from outside."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Canceller:
    """Stops the calls it is given to, `sync(…, canceller=stop)`, when it is called; once called, it stays so.

    It may be called from a signal handler (`signal.signal(signal.SIGUSR1, stop)`) and from any thread, any number of
    times. A call that is stopped keeps what is complete, and raises `StoppedError`.
    """

    def __init__(self) -> None:
        self._called = False
        self._told: list[Callable[[], object]] = []

    def __call__(self, *_: object) -> None:
        """Stop them; what a signal handler is called with does not matter."""
        self._called = True
        for tell in list(self._told):
            with suppress(RuntimeError):  # its event loop has ended meanwhile
                tell()

    @property
    def called(self) -> bool:
        """Whether it has been called."""
        return self._called

    def tell(self, told: Callable[[], object]) -> Callable[[], None]:
        """Have something told when it is called, at once if it has been; return what takes that back.

        Args:
            told: takes no time, and may be called from any thread, or in a signal handler.
        """
        self._told.append(told)
        if self._called:
            told()
        return lambda: self._told.remove(told)
