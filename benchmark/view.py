"""
How much the live page slows lockstep: without it, with no page open, with one, with four.

The pages are WebSockets that take all that the server sends and draw nothing, as browsers on other
machines would be.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory
from threading import Thread

from lockstep import environment, Log, real_graph
from measuring import keep, ratio, Spread

from rstdp_ros.bringup.runner import Supervisor
from rstdp_ros.plasticity.run import EPISODES
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.view import ADDRESS

PAGES = {'without': None, 'no page': 0, 'one page': 1, 'four pages': 4}
GOAL = 0.9


async def visit(address: str, pages: int) -> None:
    """Open pages and take what they are sent, for ever."""
    from tornado.httpclient import AsyncHTTPClient, HTTPRequest
    from tornado.websocket import websocket_connect

    async def one() -> None:
        page = await AsyncHTTPClient().fetch(address)
        cookie = page.headers['Set-Cookie'].split(';')[0]
        token = re.search(r'"token":"([^"]+)"', page.body.decode())[1]
        base = address.split('?')[0]
        socket = await websocket_connect(
            HTTPRequest(f'ws{base.removeprefix("http")}ws', headers={
                'Cookie': cookie, 'Origin': base.rstrip('/')}), subprotocols=['bokeh', token])
        while await socket.read_message() is not None:
            pass

    await asyncio.gather(*(one() for _ in range(pages)))


def steps_per_second(folder: Path, pages: int | None, warm_up: int, episodes: int) -> float:
    """Run the graph with so many pages; None: without the view node."""
    nodes, log = real_graph(folder, view=pages is not None), Log(folder / EPISODES)
    with Supervisor(nodes, folder, environment=environment()) as supervisor:
        log.wait(supervisor, warm_up)
        if pages is not None:
            while not (folder / ADDRESS).exists():
                log.wait(supervisor, log.count() + 1)
        if pages:
            address = (folder / ADDRESS).read_text()
            Thread(target=lambda: asyncio.run(visit(address, pages)), daemon=True).start()
            log.wait(supervisor, log.count() + warm_up)
        first = log.count() + 1
        start = log.wait(supervisor, first)
        end = log.wait(supervisor, first + episodes)
    return log.steps(first, first + episodes) / (end - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5, help='(default: %(default)s)')
    parser.add_argument('--episodes', type=int, default=40, help='measured per round '
                        '(default: %(default)s)')
    parser.add_argument('--warm-up', type=int, default=10, help='episodes before them '
                        '(default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='add the results to this file')
    options = parser.parse_args()
    rates: dict[str, list[float]] = {kind: [] for kind in PAGES}
    with TemporaryDirectory(prefix='rstdp_view_') as name:
        for number in range(options.rounds):
            for kind, pages in PAGES.items():
                rates[kind].append(steps_per_second(
                    Path(name, f'{kind}_{number}'.replace(' ', '_')), pages, options.warm_up,
                    options.episodes))
            print(f'round {number + 1}, steps per second: ' + ', '.join(
                f'{kind} {rates[kind][-1]:.0f}' for kind in PAGES), flush=True)
    results = {kind: ratio(rates['without'], rates[kind]) for kind in list(PAGES)[1:]}
    print(f'without {Spread.of(rates["without"])} steps per second; of these, with')
    for what, spread in results.items():
        print(f'{what:16s} {spread}')
    print(f'goal: at least {GOAL:g}')
    keep(options.json, 'view', results)


if __name__ == '__main__':
    try:
        main()
    except RstdpError as error:
        sys.exit(f'view: {error}')
