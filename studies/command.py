"""The end of a study's command: a mistake, a stop or a failure is one line and an exit code."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import NoReturn

from genmodels.errors import InputError, Interrupted, Unfinished
from genmodels.system.signals import terminated_cleanly
from genmodels.system.streams import lasting_output


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Let a main function end in one line and an exit code, as the ``genmodels`` command does.

    The code is 2 after a user's mistake, 1 if parts of a study failed, and 128 + its number after
    a signal.
    """
    name = Path(main.__code__.co_filename).stem

    def fail(message: str, code: int) -> NoReturn:
        print(f"{name}: {message}", file=sys.stderr)
        sys.exit(code)

    @wraps(main)
    @lasting_output()
    def run() -> None:
        try:
            with terminated_cleanly():
                main()
        except InputError as error:
            fail(str(error), 2)
        except Interrupted as error:
            fail(str(error), error.code)
        except Unfinished as error:
            fail(str(error), 1)
        except KeyboardInterrupt:
            fail("interrupted", 130)

    return run
