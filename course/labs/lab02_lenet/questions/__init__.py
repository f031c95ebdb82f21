"""What the checks of lab 2 ask, beyond plain calls.

Networks are compared by value: the check's own weights are copied into the student's object in
float64. How a class keeps its weights is the student's own affair where that can be; the sparse
convolution is found out by sending impulses through it.
"""
