"""Place and allocate: which units lie where tonight (:mod:`vmi.placement.model` states the model).

Start at :func:`vmi.placement.problem.build_problem`, :func:`vmi.placement.place.place` and
:func:`vmi.placement.evaluate.evaluate`. Nothing is imported here: configuration needs the parameters alone.
"""
