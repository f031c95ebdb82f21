# ---
# jupyter:
#   sample:
#     says: torchvision's AlexNet instead of the paper's
#     points: {AlexNet: 0}
#     mistakes: {AlexNet: one_weird_trick}
#     flags: [built-in-used]
# ---

# %% exercise="AlexNet"
class AlexNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0):
        super().__init__()
        from torchvision.models import alexnet

        self.net = alexnet(num_classes=num_classes)

    def forward(self, x):
        return self.net(x)
