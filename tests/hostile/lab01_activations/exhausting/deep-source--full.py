# ---
# jupyter:
#   sample:
#     says: compiles source that is nested without end
# ---

# %% before="relu"
for source in ("(" * 100_000, "[" * 50_000 + "]" * 50_000, "-" * 100_000 + "1", "lambda:" * 50_000 + "1"):
    try:
        compile(source, "x", "eval")
    except (SyntaxError, MemoryError, RecursionError) as error:
        print(type(error).__name__)
