# ---
# jupyter:
#   sample:
#     says: saved by Colab in nbformat 4.0, without cell ids, with metadata of its own
#     edits: [colab]
# ---
