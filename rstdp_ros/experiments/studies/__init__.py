"""The experiments, one file each: a new one is a file and a line here, or comes from a package."""

from rstdp_ros.support.plugins import Plugins

HERE = 'rstdp_ros.experiments.studies'
STUDIES = Plugins('experiment', 'rstdp_ros.studies', {
    'fig2': f'{HERE}.fig2:STUDY',
    'fig3': f'{HERE}.fig3:STUDY',
    'fig4': f'{HERE}.fig4:STUDY',
    'fig4-wide': f'{HERE}.fig4:WIDE',
    'fig5': f'{HERE}.fig5:STUDY',
    'direction': f'{HERE}.direction:STUDY',
    'demo-plant': f'{HERE}.demo_plant:STUDY',
    'guards': f'{HERE}.guards:STUDY',
    'blended': f'{HERE}.blended:STUDY',
    'identification': f'{HERE}.identification:STUDY',
    'online': f'{HERE}.online:STUDY',
    'pybullet': f'{HERE}.pybullet:STUDY',
    'quantization': f'{HERE}.quantization:STUDY',
    'rules': f'{HERE}.rules:STUDY',
    'robust-start': f'{HERE}.robust:STUDY'})
# Other names. Table 3 uses the runs of Figure 4.
ALIASES = {'table3': 'fig4'}
