"""Look inside a network: activations, gradients, receptive fields, and a table of its layers.

Layers go by their dotted names in the model, as in ``model.named_modules()``. A layer called more
than once in a pass gets a number from its second call on: ``relu``, ``relu (2)``. The model as a
whole is ``(model)``.
"""

from __future__ import annotations

from course.instruments.gradients import parameter_gradient_norms
from course.instruments.layers import Layers
from course.instruments.modes import evaluation_mode, preserved_modes
from course.instruments.receptive import (
    ReceptiveField,
    effective_receptive_field,
    probed_receptive_field,
)
from course.instruments.recording import (
    record_activations,
    record_gradients,
    watch_activations,
    watch_gradients,
)
from course.instruments.statistics import (
    ActivationRow,
    ActivationTable,
    activation_statistics,
)
from course.instruments.tracing import LayerRow, LayerTable, count_parameters, layer_table

__all__ = [
    "ActivationRow",
    "ActivationTable",
    "LayerRow",
    "LayerTable",
    "Layers",
    "ReceptiveField",
    "activation_statistics",
    "count_parameters",
    "effective_receptive_field",
    "evaluation_mode",
    "layer_table",
    "parameter_gradient_norms",
    "preserved_modes",
    "probed_receptive_field",
    "record_activations",
    "record_gradients",
    "watch_activations",
    "watch_gradients",
]
