"""What stands behind the notebooks: for each lab its questions, experiments and stored results.

A notebook imports from one place, ``from course.labs.lab06_resnet import check, experiments``.
"""
