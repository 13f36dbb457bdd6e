"""
The page's web server: on this machine only, and only for those who know its token.

Bokeh's server refuses WebSockets of foreign origins. Here the host and a token are checked as
well, for every page and every WebSocket: without the host, a foreign name that resolves to
127.0.0.1 would pass as this machine (DNS rebinding), and without the token any program of any user
could move a robot.
"""

from __future__ import annotations

from collections.abc import Callable
import hmac
import secrets
from threading import Event, Thread
from typing import Any

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.view import NEEDS_BOKEH

HOST = '127.0.0.1'
TOKEN = 'token'
# Bytes of the token; more than anybody can try.
LENGTH = 24
NAMES = (HOST, 'localhost')


class PageServer:
    """
    Serves a page from a thread of its own.

    :param fill: fills the document of a newly opened page.
    :param port: to listen on; 0 for any that is free.
    :param token: what the address must contain; a new one if ''.
    :ivar address: where the page is, with the token.
    :ivar server: Bokeh's.
    :raises RstdpError: Bokeh is missing, or the port is in use.
    """

    def __init__(self, fill: Callable[[Any], None], port: int = 0, token: str = '') -> None:
        try:
            from bokeh.application import Application
            from bokeh.application.handlers import FunctionHandler
        except ModuleNotFoundError:
            raise RstdpError(NEEDS_BOKEH) from None
        self.token = token or secrets.token_urlsafe(LENGTH)
        self._application = Application(FunctionHandler(fill))
        self._begun, self._failure = Event(), ''
        self._thread = Thread(target=self._serve, args=(port,), daemon=True)
        self._thread.start()
        self._begun.wait()
        if self._failure:
            raise RstdpError(self._failure)
        self.address = f'http://{HOST}:{self.port}/?{TOKEN}={self.token}'

    def _serve(self, port: int) -> None:
        import asyncio

        from bokeh.server.server import Server
        from tornado.ioloop import IOLoop
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            # The port must be known before the origins are.
            from bokeh.server.util import bind_sockets
            (socket,), self.port = bind_sockets(HOST, port)
            socket.close()
            origins = [f'{name}:{self.port}' for name in NAMES]
            self.server = Server({'/': self._application}, address=HOST, port=self.port,
                                 io_loop=IOLoop.current(), allow_websocket_origin=origins,
                                 auth_provider=_admission(self.token, origins),
                                 sign_sessions=True, generate_session_ids=True,
                                 secret_key=secrets.token_bytes(32), num_procs=1,
                                 session_token_expiration=60)
        except OSError as error:
            self._failure = f'port {port}: the page cannot be served there ({error.strerror})'
            self._begun.set()
            return
        self._loop = IOLoop.current()
        self.server.start()
        self._loop.add_callback(self._begun.set)
        self._loop.start()
        self.server.stop()
        self._loop.close(all_fds=True)

    def stop(self) -> None:
        """End the server; open pages say that they lost it."""
        self._loop.add_callback(self._loop.stop)
        self._thread.join(timeout=2.0)


def _admission(token: str, hosts: list[str]) -> Any:
    """Return what Bokeh asks about every request for a page or a WebSocket."""
    from bokeh.server.auth_provider import AuthProvider
    from tornado.web import HTTPError

    async def admitted(handler: Any) -> str:
        """Let in who calls this machine by its name and knows the token; raise otherwise."""
        if handler.request.host.lower() not in hosts:
            raise HTTPError(403, reason='unknown host')
        # A cookie is sent to every port of a host, so its name holds the port.
        cookie = f'rstdp_ros_{hosts[0].rpartition(":")[2]}'
        shown = handler.get_argument(TOKEN, None) or handler.get_cookie(cookie, '')
        if not hmac.compare_digest(shown.encode(), token.encode()):
            raise HTTPError(403, reason='wrong or missing token')
        handler.set_header('Referrer-Policy', 'no-referrer')
        handler.set_header('X-Frame-Options', 'DENY')
        if handler.request.headers.get('Upgrade', '').lower() != 'websocket':
            handler.set_cookie(cookie, token, httponly=True, samesite='Strict')
        return 'person'

    class Admission(AuthProvider):
        # The synchronous one is asked only after a WebSocket has been opened.
        get_user_async = property(lambda self: admitted)
        get_user = get_login_url = login_handler = logout_url = logout_handler = None
        # Never used: who is not admitted gets an error.
        login_url = '/'

    return Admission()
