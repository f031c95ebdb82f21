# ---
# jupyter:
#   sample:
#     says: the textbook's interval, and a front that wants both numbers better
#     points: {confidence_interval: 0.19, pareto_front: 0.28}
#     mistakes: {confidence_interval: textbook, pareto_front: better_in_both_needed}
#     files: network.safetensors = good.safetensors
# ---

# %% exercise="confidence_interval"
def confidence_interval(correct, total, z=1.96):
    p = correct / total
    half = z * (p * (1 - p) / total) ** 0.5
    return p - half, p + half


# %% exercise="pareto_front"
def pareto_front(networks):
    def beaten(a):
        return any(b[0] < a[0] and b[1] > a[1] for b in networks.values())

    kept = [name for name in networks if not beaten(networks[name])]
    return sorted(kept, key=lambda name: (networks[name][0], name))
