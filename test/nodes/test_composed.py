"""Environment, policy and adaptation in one process do what they do in three."""

import importlib.util

from graphs import demo_graph, digests_in, offline, probe, wait_for
import pytest

from rstdp_ros.bringup import describe_graph
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.support.errors import RstdpError

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')


class Later(list):
    """What is to be done later."""

    def run(self):
        """Do it, and what comes of it; say how much that was."""
        count = 0
        while self:
            self.pop(0)()
            count += 1
        return count


@pytest.fixture
def bus():
    """Return a bus that has not been started."""
    from rstdp_ros.nodes.bus import Bus
    return Bus()


@pytest.fixture
def later():
    """Return what the bus wants to do later."""
    return Later()


def test_messages_arrive_in_order_and_what_they_cause_comes_after(bus, later):
    seen = []

    def question(number):
        seen.append(('question', number))
        bus.send('/answer', number)
        if number < 3:
            bus.send('/question', number + 1)
    bus.listen('/question', question)
    bus.listen('/question', lambda number: seen.append(('heard', number)))
    bus.listen('/answer', lambda number: seen.append(('answer', number)))
    bus.send('/question', 1)
    assert seen == []  # nobody is ready yet
    bus.start(later.append)
    later.run()
    assert seen == [(what, number) for number in (1, 2, 3)
                    for what in ('question', 'heard', 'answer')]
    bus.send('/answer', 4)
    assert seen[-1] == ('answer', 4) and bus.listeners('/question') == 2


def test_an_endless_conversation_lets_others_have_their_turn(bus, later):
    count = 0

    def talk(message):
        nonlocal count
        count += 1
        if count < 100_000:
            bus.send('/talk', message)
    bus.listen('/talk', talk)
    bus.start(later.append)
    bus.send('/talk', None)
    assert later.run() > 3 and count == 100_000


def test_an_error_ends_no_conversation(bus, later):
    def fail(message):
        raise ZeroDivisionError
    seen = []
    bus.listen('/fail', fail)
    bus.listen('/fail', seen.append)
    bus.start(later.append)
    later.run()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            bus.send('/fail', 1)
    bus.send('/other', 1)
    assert seen == [1, 1]


def test_they_learn_as_offline_though_killed(domain, tmp_path, cartpole, shipped, demo_physics):
    with demo_graph(tmp_path, 40, composed=True, real_time_factor=5) as graph:
        assert list(graph.children) == ['composed']
        for node in ('environment', 'policy', 'adaptation'):
            assert probe('diagnostics_with', node, 'last fault')['last fault'] == 'none'
        probe('set_parameters', [['environment', 'real_time_factor', 0]])
        for count in (5, 20):
            wait_for(lambda n=count: len(digests_in(tmp_path)) >= n, graph)
            graph.children['composed'].process.kill()
        wait_for((tmp_path / ADAPTED).exists, graph)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 40)


@pytest.mark.parametrize('values', [{'plant': 'robot'}, {'plant': 'foreign'}, {'adapt': False},
                                    {'plant': 'bag', 'bag': 'x'}, {'record': True}])
def test_what_must_not_be_composed_is_refused(values):
    with pytest.raises(RstdpError, match='composed:=true'):
        describe_graph('cartpole', {'composed': True, **values})
