"""
A task's plant as URDF text: the file in ``urdf/`` with the values of other physics.

Shapes, colours, joints and axes are the file's; masses, inertias and lengths are the physics'.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TYPE_CHECKING
from xml.etree import ElementTree

from rstdp_ros.support.resources import share_path
from rstdp_ros.support.untrusted import read_file, refusing

if TYPE_CHECKING:
    from rstdp_ros.tasks.task import Task

LIMIT = 2**18

class Link(NamedTuple):
    """
    A link that stretches from its joint along z.

    :param mass: kg.
    :param moi: moment of inertia about the centre of mass, across the link, kg m^2; None:
        unchanged, for a link that never turns.
    :param length: m, negative if the link hangs from its joint; 0: unchanged.
    :param com: place of the centre of mass along z, m.
    """

    mass: float
    moi: float | None = None
    length: float = 0.0
    com: float = 0.0


class Dynamics(NamedTuple):
    """
    What resists a joint's motion.

    :param damping: N s/m or N m s/rad.
    :param friction: dry, N or N m.
    """

    damping: float = 0.0
    friction: float = 0.0


def describe(task: Task, physics: Any = None) -> str:
    """
    Return the URDF of a task's plant.

    :param physics: the plant; the task's default if None.
    :raises RstdpError: the package was not installed completely.
    """
    path = share_path(f'urdf/{task.name}.urdf')
    text = read_file(path, LIMIT)
    with refusing(path):
        return _filled_in(ElementTree.fromstring(text), physics or task.physics())


def _filled_in(robot: ElementTree.Element, physics: Any) -> str:
    links, dynamics = physics.links(), physics.joint_dynamics()
    for name, link in links.items():
        _set_link(robot.find(f"link[@name='{name}']"), link)
    for joint in robot.iter('joint'):
        _set(joint, 'dynamics', **dynamics.get(joint.get('name'), Dynamics())._asdict())
        parent = links.get(joint.find('parent').get('link'))
        if parent and joint.find('origin') is not None:  # it sits at its parent's end
            _set(joint, 'origin', xyz=_along_z(parent.length))
    return ElementTree.tostring(robot, encoding='unicode')


def _set_link(element: ElementTree.Element, link: Link) -> None:
    _set(element, 'inertial/mass', value=link.mass)
    if link.moi is not None:
        # About its own axis it never turns; an equal value there is valid for any shape.
        _set(element, 'inertial/inertia', ixx=link.moi, iyy=link.moi, izz=link.moi)
        _set(element, 'inertial/origin', xyz=_along_z(link.com))
    if link.length:
        _set(element, 'visual/origin', xyz=_along_z(link.length / 2.0))
        _set(element, 'visual/geometry/cylinder', length=abs(link.length))


def _set(element: ElementTree.Element, path: str, **values: float | str) -> None:
    element.find(path).attrib.update({name: str(value) for name, value in values.items()})


def _along_z(z: float) -> str:
    return f'0 0 {z}'
