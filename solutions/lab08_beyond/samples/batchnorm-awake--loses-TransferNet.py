# ---
# jupyter:
#   sample:
#     says: the weights are frozen, and BatchNorm is in training mode
#     points: {TransferNet: 0.0}
#     mistakes: {TransferNet: training_mode}
# ---

# %% exercise="TransferNet"
class TransferNet(nn.Module):
    def __init__(self, backbone, num_features, num_classes):
        super().__init__()
        self.backbone = copy.deepcopy(backbone).requires_grad_(False)
        self.head = nn.Linear(num_features, num_classes)

    def forward(self, x):
        return self.head(self.backbone(x))
