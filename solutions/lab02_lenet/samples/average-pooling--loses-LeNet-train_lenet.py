# ---
# jupyter:
#   sample:
#     says: the modern form with 1998's pooling and tanh; nothing is trained
#     points: {LeNet: 0.36, train_lenet: 0}
#     mistakes: {LeNet: tanh_and_average}
# ---

# %% exercise="LeNet"
class LeNet(nn.Sequential):
    def __init__(self, num_classes=10):
        super().__init__(
            nn.Conv2d(1, 6, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.Tanh(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, num_classes),
        )


# %% exercise="train_lenet"
def train_lenet(images, labels):
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
    return model
