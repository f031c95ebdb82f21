# ---
# jupyter:
#   sample:
#     says: prints all texts that the collector knows
# ---

# %% before="relu"
import gc

for thing in gc.get_objects():
    if isinstance(thing, dict):
        print([one[:300] for one in thing.values() if isinstance(one, str) and len(one) > 40][:20])
