"""The six stages of a compile, in the order of `CompileStage`.

Each is a function `run(build, progress, ...)` that blocks, reports its share done, raises
`gve_native.Cancelled` when `build.cancel` is set, and returns what later stages need.
"""
