"""
A view node and a visitor of its page without a browser, as a process of their own.

Opens the page over HTTP, and acts on the server's document as a browser's messages would. A line
of JSON asks, a line answers: ``["click", name]``, ``["set", name, attribute, value]``,
``["get", name, attribute]``, ``["wait", name, attribute, text]``, ``["scene", attribute]``.
"""

import json
import sys
from threading import Thread
import time
from urllib.request import urlopen

from bokeh.events import ButtonClick

from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.view import ViewNode

PATIENCE = 20.0
# A page that no browser keeps open is closed after 15 s.
YOUNG = 8.0


class Visitor:
    """Opens pages of a node and acts on them."""

    def __init__(self):
        self.node, self.session, self.opened = None, None, -YOUNG

    def make(self):
        """Make the node, and begin to listen for requests."""
        self.node = ViewNode()
        Thread(target=self.listen, daemon=True).start()
        return self.node

    def listen(self):
        """Answer every request."""
        for line in sys.stdin:
            name, *values = json.loads(line)
            try:
                answer = getattr(self, name)(*values)
            except Exception as error:  # who asks must not wait for ever
                answer = repr(error)
            print(json.dumps(answer), flush=True)

    def on_page(self, act):
        """Do something with a page's document in the server's thread; return what it returns."""
        results = []
        if time.monotonic() - self.opened > YOUNG:
            self.open()

        def done():
            results.append(act(self.session.document))
        self.session.document.add_next_tick_callback(done)
        deadline = time.monotonic() + PATIENCE
        while not results and time.monotonic() < deadline:
            time.sleep(0.01)
        return results[0]

    def open(self):
        """Open a page."""
        server = self.node._server
        known = {session.id for session in server.server.get_sessions()}
        urlopen(server.address).read()
        self.session, = (s for s in server.server.get_sessions() if s.id not in known)
        self.opened = time.monotonic()

    def click(self, name):
        """Press a button."""
        def act(document):
            button = document.get_model_by_name(name)
            button._trigger_event(ButtonClick(button))
            return button.label
        return self.on_page(act)

    def click_twice(self, name):
        """Press a button of the same page twice; return what it asked."""
        def act(document):
            button = document.get_model_by_name(name)
            button._trigger_event(ButtonClick(button))
            asked = button.label
            button._trigger_event(ButtonClick(button))
            return asked
        return self.on_page(act)

    def set(self, name, attribute, value):
        """Change a control as a person does."""
        def act(document):
            document.get_model_by_name(name).set_from_json(attribute, value)
        return self.on_page(act)

    def get(self, name, attribute):
        """Read what is shown."""
        return self.on_page(lambda document: getattr(
            document.get_model_by_name(name), attribute))

    def wait(self, attribute, text):
        """Wait until the scene's attribute, as text, contains something; return it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and text not in self.scene(attribute):
            time.sleep(0.02)
        return self.scene(attribute)

    def scene(self, attribute):
        """Return an attribute of the scene as text."""
        return str(getattr(self.node.scene, attribute))


if __name__ == '__main__':
    sys.exit(run_node(Visitor().make))
