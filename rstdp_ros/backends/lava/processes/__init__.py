"""
Our own Lava Processes, apart from everything else.

Lava's compiler imports every module beside a Process's, in search of its ProcessModels.
"""
