# ---
# jupyter:
#   sample:
#     says: the weights of another network
#     points: {trained_network: 0}
#     files: network.safetensors = lenet.safetensors
# ---
