# ---
# jupyter:
#   sample:
#     says: groups that stop at map 5; everything that uses the table is off
#     points: {c3_connections: 0.8}
#     mistakes: {c3_connections: cut_at_the_edge}
# ---

# %% exercise="c3_connections"
def c3_connections():
    three = [[m for m in range(k, k + 3) if m < 6] for k in range(6)]
    four = [[m for m in range(k, k + 4) if m < 6] for k in range(6)]
    return three + four + [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]
