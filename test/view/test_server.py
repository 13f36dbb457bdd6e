"""Nobody who does not know the address gets at the page."""

import asyncio
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

pytest.importorskip('bokeh')

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.view.server import PageServer


@pytest.fixture(scope='module')
def served():
    """Return a server of an empty page."""
    server = PageServer(lambda document: None)
    yield server
    server.stop()


def status(url, **headers):
    """Return the status of a request's answer, and its cookie."""
    try:
        with urlopen(Request(url, headers=headers)) as answer:
            return answer.status, answer.headers.get('Set-Cookie', '')
    except HTTPError as error:
        return error.code, error.headers.get('Set-Cookie', '')


def opened(server, cookie='', **headers):
    """Return the status of the answer to a WebSocket's request; 101 if it is opened."""
    from tornado.httpclient import HTTPClientError, HTTPRequest
    from tornado.websocket import websocket_connect

    async def connect():
        request = HTTPRequest(f'ws://127.0.0.1:{server.port}/ws', headers={
            'Cookie': cookie, **headers})
        try:
            connection = await websocket_connect(request, subprotocols=['bokeh', 'no token'])
        except HTTPClientError as error:
            return error.code
        connection.close()
        return 101
    return asyncio.run(connect())


def test_only_the_whole_address_opens_the_page(served):
    plain = served.address.split('?')[0]
    code, cookie = status(served.address)
    assert code == 200 and 'HttpOnly' in cookie and 'SameSite=Strict' in cookie
    assert status(plain, Cookie=cookie.split(';')[0])[0] == 200  # a reload
    for url in (plain, f'{plain}?token=', f'{plain}?token={served.token[:-1]}',
                f'{plain}autoload.js?bokeh-autoload-element=x', f'{plain}metadata'):
        assert status(url) == (403, '')


@pytest.mark.parametrize('host', ['evil.example', 'evil.example:{}', '127.0.0.1:1', '127.0.0.1',
                                  '127.0.0.1.evil.example:{}'])
def test_a_foreign_host_is_refused(served, host):
    assert status(served.address, Host=host.format(served.port)) == (403, '')
    cookie = status(served.address)[1].split(';')[0]
    assert opened(served, cookie, Host=host.format(served.port)) == 403


def test_this_machine_may_be_called_localhost(served):
    assert status(served.address, Host=f'localhost:{served.port}')[0] == 200


def test_a_web_socket_needs_the_origin_and_the_token(served):
    cookie = status(served.address)[1].split(';')[0]
    own = f'http://127.0.0.1:{served.port}'
    assert opened(served, cookie, Origin=own) == 101
    for origin in ('http://evil.example', f'http://evil.example:{served.port}', 'null',
                   'http://127.0.0.1:1'):
        assert opened(served, cookie, Origin=origin) == 403
    for wrong in ('', 'x=y', cookie[:-1]):
        assert opened(served, wrong, Origin=own) == 403


def test_the_page_is_on_this_machine_only(served):
    for socket in served.server._http._sockets.values():
        assert socket.getsockname()[0] == '127.0.0.1'


def test_a_port_in_use_is_named(served):
    with pytest.raises(RstdpError, match=f'port {served.port}: the page cannot be served'):
        PageServer(lambda document: None, served.port)


def test_the_address_stays_if_it_is_given_again():
    first = PageServer(lambda document: None)
    first.stop()
    again = PageServer(lambda document: None, first.port, first.token)
    assert again.address == first.address and status(again.address)[0] == 200
    again.stop()
