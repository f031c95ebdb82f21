# ---
# jupyter:
#   sample:
#     says: hands a number to the display hook, where nbgrader looks for the score
#     points: {relu: 0, leaky_relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    get_ipython().displayhook(1)


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    from IPython.display import display

    display(1.0)
    get_ipython().displayhook(1.0)
    raise SystemExit
