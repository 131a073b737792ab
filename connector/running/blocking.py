"""Calls from ordinary code: an event loop of their own, signals heeded, plain values in and out.

In the main thread, SIGINT, SIGTERM and SIGHUP end a call in order where nobody has set anything else for them: what is
complete is kept, the handlers are put back, and then the signal does what it would have done. A handler of the caller's
own is called as ever; what it raises ends the call, too, instead of passing by in the event loop. So does what is
thrown into the thread of a call, as time limits of task runners are.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from connector.errors import StoppedError, UsageError
from connector.running.canceller import Canceller
from connector.running.stopping import stoppable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from types import FrameType

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a call in order."""

LOOK_SECONDS = 0.5
"""How often a thread that waits for another looks for a signal: one just before it waits does not wake it."""

_NOBODY, _SIGNALS_AT_ONCE = -1, 4_096
"""What stands for no file to be told of signals, and how many are taken note of at once."""

_DEFAULT = (signal.SIG_DFL, signal.default_int_handler)


@dataclass(slots=True)
class SignalHandling:
    """How signals are handled while a call runs.

    Attributes:
        first: called when the first signal has come.
        again: called with the number of the second; it ends the process, or raises.
        ours: handlers that count as none.
        number: of the first signal that came; None before it.
        error: what a handler of somebody else raised; None for nothing.
    """

    first: Callable[[], None] = lambda: None
    again: Callable[[int], None] | None = None
    ours: tuple[object, ...] = ()
    number: int | None = field(init=False, default=None)
    error: BaseException | None = field(init=False, default=None)
    _stop: Canceller = field(init=False, default_factory=Canceller)
    _before: dict[int, Any] = field(init=False, default_factory=dict[int, Any])

    @contextmanager
    def installed(self) -> Generator[Canceller]:
        """Handle signals in the block; what it yields is called when one comes. Only the main thread hears any."""
        if threading.current_thread() is not threading.main_thread():
            yield self._stop
            return
        installed = {number: self._handler(number) for number in signal.valid_signals() if self._is_heard(number)}
        for number, handler in installed.items():
            self._before[number] = signal.signal(number, handler)
        try:
            yield self._stop
        finally:
            for number, handler in installed.items():
                if signal.getsignal(number) is handler:  # else somebody has set another meanwhile
                    signal.signal(number, self._before[number])

    def _is_heard(self, number: int) -> bool:
        there = signal.getsignal(number)
        return (number in SIGNALS) if self._is_none(there) else callable(there)

    def _is_none(self, handler: object) -> bool:
        return handler in {*_DEFAULT, *self.ours}

    def _handler(self, number: int) -> Callable[[int, FrameType | None], None]:
        there = signal.getsignal(number)
        if callable(there) and not self._is_none(there):
            return lambda number, frame: self._guard(there, number, frame)
        return lambda number, _: self._heed(number)

    def _heed(self, number: int) -> None:
        if self.number is None:
            self.number = number
            self.first()
            self._stop()
        elif self.again is not None:
            self.again(number)
        else:
            signal.signal(number, self._before[number])
            signal.raise_signal(number)

    def _guard(self, handler: Callable[[int, FrameType | None], object], number: int, frame: FrameType | None) -> None:
        """Call the caller's own handler; an error it raises is kept, for the event loop would swallow it."""
        try:
            handler(number, frame)
        except BaseException as error:
            if self.error is not None:
                raise
            self.error = error
            self._stop()

    def heed_thrown(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Stop for what is no error of a program's, such as a time limit that is thrown into its thread; asyncio tells.

        Thrown into a callback of the loop it would be a line in the log, and the call would go on to its end.
        """
        error = context.get("exception")
        if error is None or isinstance(error, Exception | asyncio.CancelledError | GeneratorExit):
            loop.default_exception_handler(context)
        elif self.error is None:
            self.error = error
            self._stop()


def run_with_signals(main: Callable[[], Coroutine[Any, Any, T]], handling: SignalHandling) -> T:
    """Run a coroutine in an event loop of its own; a signal stops it.

    Raises:
        StoppedError: after a signal, when the coroutine has ended, published and put away what it had to.
        BaseException: what a handler of the caller's own raised, or what was thrown into a callback of the loop.
    """
    with handling.installed() as stop:
        try:
            return _run(lambda: stoppable(main, canceller=stop), handling)
        except StoppedError as error:
            if handling.number is not None:
                error.stopped_by(handling.number)
            raise
        finally:
            if handling.error is not None:
                raise handling.error


def _run(main: Callable[[], Coroutine[Any, Any, T]], handling: SignalHandling) -> T:
    runner = asyncio.Runner()
    runner.get_loop().set_exception_handler(handling.heed_thrown)
    left = True
    try:
        with _woken_by_signals(runner.get_loop()):
            result = runner.run(main())
        left = False
    except (KeyboardInterrupt, SystemExit):  # a second signal: nothing is waited for
        raise
    except StoppedError as error:
        left = error.let_go
        raise
    except BaseException:
        left = False
        raise
    else:
        return result
    finally:
        if left:  # it goes on beside us, so that locks are released where the disk answers in the end
            threading.Thread(target=runner.get_loop().run_forever, daemon=True).start()
        else:
            runner.close()


@contextmanager
def _woken_by_signals(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    """Have each signal wake an event loop that runs in the block, in the main thread.

    A signal interrupts only the thread that the system gives it to, and only a wait that has begun: without this, one
    that another thread is given, or that comes just before the loop waits, is heeded with the next thing that happens.
    Where the caller has a file of his own that signals are told to, that stays. However the loop is left, and whatever
    goes on in it, no signal is told to a file that was ours when the block has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = socket.socketpair()
    with heard, told:
        heard.settimeout(0.0)
        told.settimeout(0.0)
        loop.add_reader(heard, heard.recv, _SIGNALS_AT_ONCE)
        before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        if before != _NOBODY:
            signal.set_wakeup_fd(before)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(heard)


def run_blocking(main: Callable[[], Coroutine[Any, Any, T]], *, instead: str) -> T:
    """Run a coroutine in an event loop of its own, and return its result.

    Args:
        main: makes the coroutine.
        instead: what to write where a loop is running already, for the message.

    Raises:
        UsageError: one is.
        KeyboardInterrupt: after Ctrl-C, in order; SystemExit, with the shell's status, after SIGTERM and SIGHUP.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise UsageError(f"there is an event loop running already (a notebook, an async task): use {instead}")
    handling = SignalHandling()
    try:
        result = run_with_signals(main, handling)
    except Exception as error:
        if handling.number is None:
            raise
        _end(handling.number, error)
    if handling.number is not None:
        _end(handling.number, None)
    return result


def run_anywhere(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine as `run_blocking` does; where a loop is running, in a thread of its own, while that loop waits.

    It is for calls whose caller waits in any case, in a notebook as anywhere: those of Airflow and Spark.

    Raises:
        KeyboardInterrupt: after Ctrl-C, or where a cell is interrupted, in order; SystemExit as `run_blocking`.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        return _run_beside(main)
    return run_blocking(main, instead="a thread of its own")


def _run_beside(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a thread of its own, and wait for it; an interrupt stops it, and waits until it has ended.

    An interrupt may come anywhere: inside `threading.Event` and `Future` it could leave a lock taken that the other
    thread needs, so that what both share are calls that it comes before or after.
    """
    stop, begin, ended, over, waker = Canceller(), SimpleQueue[None](), Future[T](), list[bool](), threading.Lock()

    def carry_out() -> None:
        begin.get()  # an interrupt while the thread starts then leaves nothing at work
        try:
            ended.set_result(run_blocking(lambda: stoppable(main, canceller=stop), instead="another thread"))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            ended.set_exception(error)
        over.append(True)
        waker.release()

    def wait() -> None:
        while not over and not waker.acquire(timeout=LOOK_SECONDS):
            pass

    waker.acquire()
    threading.Thread(target=carry_out, daemon=True).start()
    try:
        begin.put(None)
        wait()
    except BaseException:
        stop()
        begin.put(None)
        wait()
        raise
    return ended.result()


def _end(number: int, error: Exception | None) -> NoReturn:
    """Do in order what the signal would have done at once: nothing that catches errors goes on after it.

    Raises:
        KeyboardInterrupt: for SIGINT.
        SystemExit: for any other.
    """
    if isinstance(error, StoppedError) and error.let_go and number != signal.SIGINT:
        signal.raise_signal(number)  # a thread that does not end would hold the process up
    raise (KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)) from error
