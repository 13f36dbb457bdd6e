"""The experiments, a file each."""

from rstdp_ros.experiments.studies import (
    demo_plant,
    direction,
    fig2,
    fig3,
    fig4,
    fig5,
    guards,
    identification,
    online,
    pybullet,
    quantization,
    robust,
)
from rstdp_ros.experiments.study import Study

STUDIES: dict[str, Study] = {study.name: study for study in (
    fig2.STUDY, fig3.STUDY, fig4.STUDY, fig4.WIDE, fig5.STUDY, direction.STUDY, demo_plant.STUDY,
    guards.STUDY, identification.STUDY, online.STUDY, pybullet.STUDY, quantization.STUDY,
    robust.STUDY)}
