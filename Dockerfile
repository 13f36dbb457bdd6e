# Untried: there was no container engine where it was written.
#   docker build -t rstdp_ros .
#   docker run -it --net=host rstdp_ros ros2 launch rstdp_ros cartpole_adapt.launch.py
# --net=host: discovery, and the live page's 127.0.0.1, are then those of the host.
ARG ROS_DISTRO=kilted
FROM ros:${ROS_DISTRO}

WORKDIR /ws
COPY . src/rstdp_ros
RUN apt-get update \
    && rosdep update --rosdistro "$ROS_DISTRO" \
    && rosdep install -y --from-paths src --ignore-src --rosdistro "$ROS_DISTRO" \
    && apt-get install -y --no-install-recommends python3-pip \
    && pip install --break-system-packages 'bokeh>=3.8.2' rosbags \
    && rm -rf /var/lib/apt/lists/*
RUN . "/opt/ros/$ROS_DISTRO/setup.sh" && colcon build --packages-select rstdp_ros

# Sources ROS; then this workspace.
RUN sed -i 's|^exec |. /ws/install/setup.bash\nexec |' /ros_entrypoint.sh
CMD ["ros2", "launch", "rstdp_ros", "cartpole_adapt.launch.py"]
