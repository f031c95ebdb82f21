# ---
# jupyter:
#   sample:
#     says: a 3×3 in the 5×5 branch, as torchvision has it
#     points: {InceptionBlock: 2.88}
#     mistakes: {InceptionBlock: three_in_five}
# ---

# %% [markdown] change="InceptionBlock"
# - self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2)
# + self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 3, padding=1)
