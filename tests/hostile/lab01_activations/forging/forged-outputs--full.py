# ---
# jupyter:
#   sample:
#     says: outputs that no notebook could hold, put where the real ones are collected
# ---

# %% before="sigmoid"
half = "\ud800"
forged = {"output_type": "error", "ename": half, "evalue": half, "traceback": [half]}
get_ipython().collector.outputs.append(forged)

# %% before="leaky_relu"
endless = {"image/png": {"width": float("1e308") * 10}}
forged = {"output_type": "display_data", "data": {"image/png": half}, "metadata": endless}
get_ipython().collector.outputs.append(forged)

# %% before="elu"
forged = {"output_type": "execute_result", "data": {"text/plain": half}, "metadata": {}}
get_ipython().collector.outputs.append(forged | {"execution_count": -1})
get_ipython().collector.outputs.append({"output_type": "stream", "name": half, "text": [half]})

# %% before="selu"
from IPython.display import display

for name in ("vnd.jupyter.widget-view+json", "vnd.jupyter.widget-state+json", "json", "geo+json"):
    display({f"application/{name}": "[[", "text/plain": "x"}, raw=True)
