# ---
# jupyter:
#   sample:
#     says: comes down to zero, whatever `final` says
#     points: {triangle: 0.93}
#     mistakes: {triangle: to_zero}
# ---

# %% exercise="triangle"
def triangle(progress, peak=0.2, start=0.2, final=0.07):
    if not 0 < peak < 1:
        raise ValueError("peak")
    if progress < peak:
        return start + (1 - start) * progress / peak
    return (1 - progress) / (1 - peak)
