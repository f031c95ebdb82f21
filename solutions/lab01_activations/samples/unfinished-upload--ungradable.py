# ---
# jupyter:
#   sample:
#     says: half of the file, so broken JSON
#     flags: [not-json]
#     edits: [truncated]
# ---
