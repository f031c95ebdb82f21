# ---
# jupyter:
#   sample:
#     says: a loop that never ends
#     points: {chain_gradient: 0}
# ---

# %% exercise="chain_gradient"
def chain_gradient(activation, depth, x):
    while True:
        pass
