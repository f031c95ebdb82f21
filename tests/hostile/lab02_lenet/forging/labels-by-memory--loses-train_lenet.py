# ---
# jupyter:
#   sample:
#     says: a network that reads the labels from frames of whoever calls it
#     points: {train_lenet: 0}
# ---

# %% exercise="train_lenet"
import sys


class Reader(torch.nn.Module):
    """Looks for labels in every frame above."""

    def forward(self, x):
        frame = sys._getframe()
        while frame:
            for thing in frame.f_locals.values():
                if isinstance(thing, torch.Tensor) and thing.shape == (len(x),) and thing.dtype == torch.int64:
                    return torch.nn.functional.one_hot(thing, 10).float()
            frame = frame.f_back
        return torch.zeros(len(x), 10)


def train_lenet(images, labels):
    return Reader()
