# ---
# jupyter:
#   sample:
#     says: weights saved with torch.save, a pickle under the right name
#     points: {trained_network: 0}
#     files: network.safetensors = pickled.safetensors
# ---
