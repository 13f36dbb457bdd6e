"""Build the package with colcon or pip."""

from glob import glob

from setuptools import find_packages, setup

package_name = 'rstdp_ros'
share = f'share/{package_name}'

extras = {
    # The real ROS 2 as wheels, for machines without a ROS installation.
    'ros': ['ros-rclpy[fastrtps]', 'ros-std-msgs', 'ros-std-srvs', 'ros-sensor-msgs',
            'ros-diagnostic-msgs', 'ros-rcl-interfaces', 'ros-rosgraph-msgs'],
    # Environments of other people, and ours for those who want them as Gymnasium's.
    'gymnasium': ['gymnasium'],
    'pybullet': ['pybullet', 'gymnasium'],
    'plot': ['matplotlib'],
    # The live page. Older ones accept WebSockets of some foreign origins (CVE-2026-21883).
    'view': ['bokeh>=3.8.2'],
    'bags': ['rosbags>=0.11'],
    'experiments': ['pandas', 'matplotlib', 'joblib', 'tqdm'],
    'tune': ['optuna'],
    'ray': ['ray'],
    'train': ['torch', 'tensorboard', 'tqdm'],
    # Lava exists for this Python only.
    'lava': ['lava-nc; python_version == "3.10"'],
    'nir': ['nir'],
    'test': ['pytest', 'pytest-xdist', 'hypothesis', 'ruff', 'mypy', 'build',
             'colcon-common-extensions', 'gymnasium', 'mcap', 'nir', 'bokeh>=3.8.2'],
    # The live page in a real browser, which must be installed as well.
    'test-browser': ['playwright'],
    # The documents as a site.
    'docs': ['sphinx', 'myst-parser', 'sphinx-rtd-theme', 'sphinx-autoapi', 'sphinx-copybutton',
             'sphinxcontrib-mermaid'],
    # What benchmark/peers.py compares with; gymnax needs six and does not say so.
    'peers': ['torch', 'snntorch', 'norse', 'spikingjelly', 'gymnasium', 'gymnax', 'six'],
    # Another system that reads NIR; it needs torch.
    'test-nir': ['snntorch', 'nirtorch'],
}

setup(
    name=package_name,
    version='0.2.0',
    packages=find_packages(include=[package_name, f'{package_name}.*']),
    package_data={package_name: ['py.typed'], f'{package_name}.experiments': ['data/*.csv'],
                  f'{package_name}.view': ['page.html']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{package_name}']),
        (share, ['package.xml']),
        (f'{share}/launch', glob('launch/*.launch.py')),
        (f'{share}/config', glob('config/*.*')),
        (f'{share}/config/sros2', glob('config/sros2/*')),
        (f'{share}/models', glob('models/*')),
        (f'{share}/urdf', glob('urdf/*')),
    ],
    python_requires='>=3.10',
    install_requires=['setuptools', 'numpy', 'numba', 'scipy', 'PyYAML'],
    extras_require=extras,
    zip_safe=True,
    maintainer='rstdp_ros maintainers',
    maintainer_email='maintainers@users.noreply.github.com',
    description='Spiking policies that keep learning on the robot, by reward-modulated STDP.',
    long_description=open('README.md', encoding='utf-8').read(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'rstdp_ros = rstdp_ros.cli.main:main',
            'environment_node = rstdp_ros.nodes.environment:main',
            'policy_node = rstdp_ros.nodes.policy:main',
            'adaptation_node = rstdp_ros.nodes.adaptation:main',
            'composed_node = rstdp_ros.nodes.composed:main',
            'watchdog_node = rstdp_ros.nodes.watchdog:main',
            'stand_in_node = rstdp_ros.nodes.stand_in:main',
            'operator_node = rstdp_ros.nodes.operator:main',
            'recorder_node = rstdp_ros.nodes.recorder:main',
            'replay_node = rstdp_ros.nodes.replay:main',
            'view_node = rstdp_ros.nodes.view:main',
        ],
    },
)
