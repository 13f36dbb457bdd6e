"""
How much the live page slows lockstep: without it, with no page open, with one, with four.

The pages are WebSockets that take all that the server sends and draw nothing, as browsers on other
machines would be.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory
from threading import Thread

from lockstep import Log, read_options, real_graph, steps_per_second
from measuring import keep, ratio, Spread

from rstdp_ros.bringup.runner import Supervisor
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


def open_pages(folder: Path, pages: int) -> None:
    """Open pages of the view node that works in a folder, in a thread of their own."""
    address = (folder / ADDRESS).read_text()
    Thread(target=lambda: asyncio.run(visit(address, pages)), daemon=True).start()


def rate(folder: Path, pages: int | None, warm_up: int, episodes: int) -> float:
    """Return the steps per second with so many pages; None: without the view node."""
    def begin(supervisor: Supervisor, log: Log) -> None:
        while pages is not None and not (folder / ADDRESS).exists():
            log.wait(supervisor, log.count() + 1)
        if pages:
            open_pages(folder, pages)
            log.wait(supervisor, log.count() + warm_up)

    return steps_per_second(real_graph(folder, view=pages is not None), folder, warm_up, episodes,
                            begin)


def main() -> None:
    """Measure and print."""
    options = read_options(__doc__)
    rates: dict[str, list[float]] = {kind: [] for kind in PAGES}
    with TemporaryDirectory(prefix='rstdp_view_') as name:
        for number in range(options.rounds):
            for kind, pages in PAGES.items():
                rates[kind].append(rate(Path(name, f'{kind}_{number}'.replace(' ', '_')), pages,
                                        options.warm_up, options.episodes))
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
