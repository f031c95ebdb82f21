# ---
# jupyter:
#   sample:
#     says: errors in errors, with long lines
# ---

# %% before="relu"
def deeper(depth):
    try:
        1 / 0 if depth == 0 else deeper(depth - 1)
    except Exception as error:
        raise ValueError("x" * 20_000) from error


deeper(30)
