# ---
# jupyter:
#   sample:
#     says: an answer's cell deleted, and the checks of two others
#     points: {relu: 0}
#     flags: [missing-cell]
#     edits: [drop:relu_answer, drop:leaky_relu, drop:elu]
# ---
