# ---
# jupyter:
#   sample:
#     says: puts the maps below one another instead of along the channels
#     points: {InceptionBlock: 0}
#     mistakes: {InceptionBlock: along_the_rows}
# ---

# %% [markdown] change="InceptionBlock"
# - return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))
# + return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=2))
