# ---
# jupyter:
#   sample:
#     says: z not used, one of two equals dropped
#     points: {confidence_interval: 1.75, pareto_front: 2.23}
#     mistakes: {confidence_interval: z_is_forgotten, pareto_front: equals_dropped}
#     files: network.safetensors = good.safetensors
# ---

# %% exercise="confidence_interval"
def confidence_interval(correct, total, z=1.96):
    n, z = total, 1.96
    middle = (correct + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (correct * (n - correct) / n + z * z / 4) ** 0.5
    return (middle - half, middle + half)


# %% exercise="pareto_front"
def pareto_front(networks):
    best, kept = float("-inf"), []
    for name in sorted(networks, key=lambda n: (networks[n][0], -networks[n][1], n)):
        if networks[name][1] > best:
            best = networks[name][1]
            kept.append(name)
    return kept
