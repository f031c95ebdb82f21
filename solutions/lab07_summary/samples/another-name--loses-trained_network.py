# ---
# jupyter:
#   sample:
#     says: weights under another name
#     points: {trained_network: 0}
#     flags: [other-file-name]
#     files: my_network.safetensors = good.safetensors
# ---
