"""What is sealed stays inside: no page, command, export or fault shows it, and the database holds no open form."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.cli import main
from app.cli.shell import Shell
from app.services import dkim_keys
from app.services.secrets import CannotOpen, Vault
from app.store.sealed import sealed_columns
from app.store.tables import dkim_keys as keys
from config import Settings, new_encryption_key
from tests.security.conftest import Site
from tests.support.line import NOW

COMMANDS = (
    ["dkim", "list", "--json"],
    ["dkim", "show", "halden.example", "own", "--json"],
    ["secrets", "check", "--json"],
    ["secrets", "rotate"],
)


def test_no_page_command_or_file_shows_a_sealed_key(site: Site) -> None:
    world = site.scene.world
    (key,) = dkim_keys.make(world, "halden.example", NOW, selector="own", algorithms=("rsa",))
    dkim_keys.activate(world, key, NOW)
    vault = Vault(world.settings)
    with world.database.read() as connection:
        sealed = connection.execute(select(keys.c.private_key).where(keys.c.id == key.id)).scalar_one()
    line = vault.open(sealed).splitlines()[3]
    secrets = (sealed, line, vault.open(sealed)[:40], *world.settings.sealing_keys())
    browser = site.as_role("admin")
    pages = [
        rule.rule
        for rule in site.app.url_map.iter_rules()
        if not rule.arguments and "GET" in (rule.methods or ())
    ]
    for path in (*pages, f"/contacts/{site.scene.person}", "/sequences/line"):
        answer = browser.client.get(path)
        text = answer.get_data(as_text=True)
        answer.close()
        assert not [secret for secret in secrets if secret in text], path
    shell = Shell(world.settings, world.database, world.workspace_id)
    for command in COMMANDS:
        result = CliRunner().invoke(main, command, obj=shell)
        assert result.exit_code == 0, result.output
        assert not [secret for secret in secrets if secret in result.output], command
    folder = Path(world.settings.data_dir)
    open_form = [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and path.name != "encryption.key" and line.encode() in path.read_bytes()
    ]
    assert open_form == []


def test_the_fault_of_a_lost_key_tells_no_secret() -> None:
    mine, other = (Vault(Settings(_env_file=None, encryption_keys=[new_encryption_key()])) for _ in range(2))
    sealed = mine.seal("hunter2")
    with pytest.raises(CannotOpen) as fault:
        other.open(sealed)
    told = f"{fault.value} {fault.value.args} {fault.value.__cause__}"
    assert sealed not in told
    assert "hunter2" not in told


def test_sealed_columns_are_plain_to_erasure_and_export() -> None:
    """A secret of the installation is nobody's personal data, so no export of a person may hold it."""
    columns = sealed_columns()
    assert columns
    assert {column.info["data"] for column in columns} == {"plain"}
