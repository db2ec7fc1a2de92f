"""A command line over a populated workspace."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.cli.shell import Shell
from app.services.world import World
from app.store.database import Database
from tests.support import line


@dataclass
class Line:
    """`run` gives the result of a command; `told` its JSON, the exit code looked at."""

    world: World
    shell: Shell

    def run(self, *words: object, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words], obj=self.shell, input=stdin)
        # A fault of ours is a traceback, and no command may end in one.
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def told(self, *words: object, code: int = 0, stdin: bytes | None = None) -> Any:
        result = self.run(*words, "--json", stdin=stdin)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


@pytest.fixture
def lay(database: Database, tmp_path: Path) -> Callable[..., Line]:
    def laid(**given: Any) -> Line:
        world = line.lay(database, tmp_path, **given)
        return Line(world, Shell(world.settings, database, world.workspace_id))

    return laid


@pytest.fixture
def command(lay: Callable[..., Line]) -> Line:
    return lay()
