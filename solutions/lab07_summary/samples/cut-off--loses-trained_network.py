# ---
# jupyter:
#   sample:
#     says: an upload that was cut off
#     points: {trained_network: 0}
#     files: network.safetensors = cut.safetensors
# ---
