"""Fuzzing of everything that decodes what a student made, or what a crash left.

Each test is a property that holds for whatever comes: no error but a designed one, in bounded
time, and no point above the honest ones. The tests draw few cases, always the same, in the normal
run; ``make fuzz`` draws others for as long as it may, see :mod:`tests.fuzz.__main__`.
"""
