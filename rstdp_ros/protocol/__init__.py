"""
The episode protocol as state machines without ROS, clocks or threads.

Events and times go in, lists of outputs come out; the nodes translate both to and from messages.
So every order of events, loss and crash can be tested in microseconds.
"""
