# ---
# jupyter:
#   sample:
#     says: the reference, handed in with weights that were trained a little longer
#     files: network.safetensors = good.safetensors
# ---
