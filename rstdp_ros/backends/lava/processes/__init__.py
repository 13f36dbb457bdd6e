"""
Our own Lava Processes, apart from everything else.

Lava's compiler imports every module beside that of a Process, looking for its ProcessModels.
"""
