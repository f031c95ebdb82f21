# ---
# jupyter:
#   sample:
#     says: saved by Colab, and stripped of nbgrader metadata
#     flags: [metadata-recovered]
#     edits: [strip, colab]
# ---
