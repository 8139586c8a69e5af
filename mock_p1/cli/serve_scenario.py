"""What ``mock-p1 serve`` does: it puts the parts together, and serves until it is stopped."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mock_p1.admin.watcher import Reload, watching
from mock_p1.base.clock import RealClock
from mock_p1.base.extras import missing
from mock_p1.base.proxies import Proxies
from mock_p1.base.text import printable
from mock_p1.cli import log_lines, startup_message
from mock_p1.cli.command_error import Failure
from mock_p1.cli.options import INHERITED_SOCKETS
from mock_p1.cli.process import (
    END_OF_PARENT,
    allow_many_connections,
    forget_port,
    parent_watched,
    port_in_file,
    rare_garbage_collection,
)
from mock_p1.cli.request_log import ReloadLog, RequestLog
from mock_p1.cli.serve_state import (
    go_on,
    join,
    notes_of_unused_variables,
    playing,
    refuse_what_does_not_go_together,
    state_saved,
)
from mock_p1.cli.serving_file import serving_file
from mock_p1.cli.startup_message import Address
from mock_p1.cli.workers import elsewhere, inherited_sockets, serve_by_workers
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import scenario_file
from mock_p1.server.kept_scenarios import load_kept
from mock_p1.server.server import CannotListen, Server, stopped_by_signals
from mock_p1.server.upload_store import UploadStore
from mock_p1.server.user_folders import cache_folder
from mock_p1.transports.cors import Cors

if TYPE_CHECKING:
    from pathlib import Path

    from mock_p1.cli.tls import Secured
    from mock_p1.server.shared_state import SharedState


@log_lines.failures_as_logged
def serve_scenario(  # noqa: PLR0913 -- an option each
    *,
    scenario: tuple[str, ...],
    named: tuple[str, ...],
    speed: float,
    seed: int | None,
    watch: bool,
    log_format: str,
    quiet: bool,
    journal_max: int,
    jobs_max: int,
    upload_max: int,
    state: str | None,
    state_name: str,
    state_scenario: str,
    workers: int | None,
    save: Path | None,
    save_every: float,
    load: Path | None,
    port_file: Path | None,
    exit_with_parent: bool,
    no_cache: bool,
    public_url: str | None,
    trusted_proxies: tuple[str, ...],
    **options: Any,  # noqa: ANN401 -- click's values: where to listen and how, who may steer
) -> None:
    """Serve a scenario, or let workers do it; the command's help page tells of the options."""
    is_worker = INHERITED_SOCKETS in os.environ
    forget_port(None if is_worker else port_file)
    is_named = bool(scenario := _all_named(scenario, named))
    scenario = scenario or ("demo",)
    if watch and len(scenario) > 1:
        raise click.UsageError("--watch looks after one file; give one SCENARIO")
    if watch and (why := missing("--watch", "watchfiles", "watch")):
        raise Failure(why)
    if watch and not (path := scenario_file(scenario[0])[0]).is_file():
        raise Failure(f"{path}: --watch needs a file, and this is none; save the scenario in one")
    refuse_what_does_not_go_together(state, workers, save, watch=watch)
    form = log_lines.FORMATS[log_format]
    if workers is not None:
        serve_by_workers(
            workers,
            {**options, "state": state, "quiet": quiet},
            form,
            exit_with_parent=exit_with_parent,
        )
        return
    store = UploadStore(upload_max)
    options_of_engine: dict[str, Any] = {
        "seed": seed,
        "journal_max": journal_max,
        "jobs_max": jobs_max,
        "store": store,
        "proxies": _proxies(public_url, trusted_proxies),
    }
    with rare_garbage_collection():  # which would take up to half of a large scenario's time
        played = load_kept(scenario, None if no_cache else cache_folder())
        shared = (
            None
            if state is None
            else join(
                state,
                state_name,
                played,
                take_shared=state_scenario == "shared",
                speed=speed,
                **options_of_engine,
            )
        )
        engine: Engine = (
            shared.engine if shared else Engine(played, RealClock(speed), **options_of_engine)
        )
    loaded = go_on(engine, load, save)
    server, address, notes = _server(engine, **options)
    notes += [
        *loaded,
        *_notes_of_state(engine, store, shared, is_named=is_named),
        *notes_of_unused_variables(state, save),
    ]
    allow_many_connections()
    with ExitStack() as stack:
        stack.callback(store.close)
        if shared is not None:
            stack.enter_context(playing(shared, server.stop))
        stack.enter_context(stopped_by_signals(server.stop))
        if exit_with_parent:
            stack.enter_context(parent_watched(lambda: server.stop(END_OF_PARENT)))
        stack.enter_context(serving_file(server.url))
        stack.enter_context(port_in_file(port_file, server.port))
        if watch:
            notes.append(
                f"{engine.scenario.name} is watched: what you save is checked, and played at once"
            )
            reload_log = ReloadLog(form, sys.stderr, quiet=quiet)
            stack.enter_context(watching(Reload(server.context, scenario[0], reload_log)))
        click.echo(startup_message.FORMATS[log_format](engine, address, notes))
        log = stack.enter_context(RequestLog(engine, form, sys.stderr, quiet=quiet))
        stack.enter_context(rare_garbage_collection())
        if save is not None:
            file = stack.enter_context(state_saved(engine, save, save_every, form))
            server.context.save = file.save
        server.run()
        if not is_worker or server.stopped_by == END_OF_PARENT:  # which else says it for all
            log.ended(server.stopped_by, save)


def _all_named(scenario: tuple[str, ...], named: tuple[str, ...]) -> tuple[str, ...]:
    """Return what argument and option name together; a variable sets both, and counts once."""
    source = click.get_current_context().get_parameter_source
    given = [
        names
        for parameter, names in (("scenario", scenario), ("named", named))
        if source(parameter) is ParameterSource.COMMANDLINE
    ]
    return tuple(chain.from_iterable(given)) if given else scenario


def _proxies(public_url: str | None, trusted: tuple[str, ...]) -> Proxies | None:
    if public_url is None and not trusted:
        return None
    networks = [part.strip() for each in trusted for part in each.split(",")]
    option = "--public-url"
    try:
        Proxies(public_url)
        option = "--trusted-proxies"
        return Proxies(public_url, networks)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _server(  # noqa: PLR0913 -- an option each
    engine: Engine,
    *,
    host: str,
    port: int,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_dir: Path | None,
    tls_host: tuple[str, ...],
    admin_token: str | None,
    no_admin: bool,
    keep_alive: float,
    cors: tuple[str, ...],
) -> tuple[Server, Address, list[str]]:
    """Return the server, where it will be, and what is out of the ordinary about that."""
    if no_admin and admin_token is not None:
        raise click.UsageError(
            "--no-admin leaves nothing that --admin-token could open; give one of them"
        )
    try:
        Cors(cors)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--cors") from None
    if tls_host and not tls:
        raise click.UsageError("--tls-host is a name for --tls; give that too")
    secured = _secured(host, tls_host, tls_dir, tls=tls, certificate=tls_cert, key=tls_key)
    context, authority, state = secured or (None, None, None)
    try:
        server = Server(
            engine,
            host=host,
            port=port,
            admin=not no_admin,
            admin_token=admin_token,
            tls=context,
            keep_alive_seconds=keep_alive,
            cors=cors,
            sockets=inherited_sockets(),
        )
    except CannotListen as error:
        raise Failure(elsewhere(error)) from None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--admin-token") from None
    server.context.authority, server.context.authority_state = authority, state
    made_up = server.admin_token if admin_token is None else None
    dashboard = f"{server.url}/__admin/" + (f"#token={made_up}" if made_up else "")
    public = engine.proxies.public_url if engine.proxies else None
    address = Address(server.url, None if no_admin else dashboard, authority, public)
    return server, address, _notes(server, made_up)


def _notes(server: Server, made_up_token: str | None) -> list[str]:
    notes = (
        [f"listening on {server.host}, port {server.port}"] if server.host not in server.url else []
    )
    if made_up_token:
        notes.append(f"/__admin needs the header Authorization: Bearer {made_up_token}")
    elif server.admin_token:
        notes.append("/__admin needs the header Authorization: Bearer, and the token you gave")
    if authority := server.context.authority:
        from mock_p1.cli.tls import how_to_trust  # noqa: PLC0415 -- only --tls needs it

        notes += how_to_trust(authority, server.context.authority_state, server.port)
    return notes


def _notes_of_state(
    engine: Engine, store: UploadStore, shared: SharedState | None, *, is_named: bool
) -> list[str]:
    notes = [] if shared is None else [f"the state is shared at {shared.store.shown}"]
    if shared is not None and shared.left_aside is not None and is_named:
        played, given = printable(engine.scenario.name), printable(shared.left_aside)
        notes.append(f"{given} was left aside, since the state plays {played}")
    if isinstance(engine.clock, RealClock) and engine.clock.speed != 1:
        notes.append(f"the clock runs at {engine.clock.speed:,.10g} times real time")
    if not store.keeps_large_files:
        notes.append(
            "no folder for temporary files can be written: of uploads above 1 MB "
            "size and SHA-256 are kept, the content is not"
        )
    return notes


def _secured(  # noqa: PLR0913 -- an option each
    host: str,
    names: tuple[str, ...],
    folder: Path | None,
    *,
    tls: bool,
    certificate: Path | None,
    key: Path | None,
) -> Secured | None:
    if (certificate is None) != (key is None):
        other = "--tls-key" if key is None else "--tls-cert"
        raise click.UsageError(
            f"--tls-cert and --tls-key belong together; {other} is missing "
            "(for neither, take --tls)"
        )
    if certificate is None and not tls:
        return None
    if certificate is None and (why := missing("--tls", "cryptography", "tls")):
        raise Failure(why)
    from mock_p1.cli.tls import (  # noqa: PLC0415 -- only TLS needs it
        CannotSecure,
        Secured,
        context_from,
        data_folder,
    )

    try:
        if certificate is not None and key is not None:
            return Secured(context_from(certificate, key))
        from mock_p1.cli.local_authority import local_context  # noqa: PLC0415 -- an extra

        return local_context(folder or data_folder(), host, names)
    except CannotSecure as error:
        raise Failure(str(error)) from None
