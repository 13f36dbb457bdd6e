"""Work on all cores returns what it returns on one."""

from threading import Event, get_ident

import pytest

from rstdp_ros.support.parallel import cores, in_parallel, parts


@pytest.mark.parametrize('number', ['1', '2', '7'])
def test_results_keep_their_order(number, monkeypatch):
    monkeypatch.setenv('NUMBA_NUM_THREADS', number)
    assert cores() == int(number)
    assert in_parallel(lambda x: x * x, range(50)) == [x * x for x in range(50)]
    assert in_parallel(str, []) == []


def test_several_threads_work_at_a_time(monkeypatch):
    monkeypatch.setenv('NUMBA_NUM_THREADS', '2')
    events = Event(), Event()

    def meet(i):
        events[i].set()
        assert events[1 - i].wait(30.0)
        return get_ident()
    assert len(set(in_parallel(meet, [0, 1]))) == 2


def test_a_failure_is_raised_where_it_was_asked_for(monkeypatch):
    monkeypatch.setenv('NUMBA_NUM_THREADS', '3')
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda x: 1 // x, [1, 0, 2])


def test_work_within_work_starts_no_more_threads(monkeypatch):
    monkeypatch.setenv('NUMBA_NUM_THREADS', '2')

    def outer(_):
        return {*in_parallel(lambda _: get_ident(), range(20)), get_ident()}
    assert [len(threads) for threads in in_parallel(outer, range(6))] == [1] * 6


@pytest.mark.parametrize('count', [1, 2, 7, 8, 100])
def test_parts_are_the_whole(count, monkeypatch):
    monkeypatch.setenv('NUMBA_NUM_THREADS', '2')
    rows = list(range(count))
    assert [row for part in parts(count) for row in rows[part]] == rows
    assert len(parts(count)) == min(count, 8)
