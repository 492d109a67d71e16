"""From a stored recipe to a `.gve_bin`: six stages, a queue, and who may jump it.

`compiler` makes one binary, `scheduler` decides which one and when, `queue` is where a distributed
queue plugs in, `stages/` has one file per stage.
"""
