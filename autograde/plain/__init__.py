"""Grade any assignment of nbgrader's behind the same walls, without a check of the course's.

A test cell runs where the student's objects are, since it asks them by name: in the student's own
process. So here, other than in the course's labs, a verdict is a claim; ``docs/security.md`` says
what is done about that, and what can't be.
"""
