# ---
# jupyter:
#   sample:
#     says: branches in another order along the channels
#     points: {InceptionBlock: 1.32}
#     mistakes: {InceptionBlock: pool_after_ones}
# ---

# %% [markdown] change="InceptionBlock"
# - return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))
# + return F.relu(torch.cat([self.ones(x), pooled, threes, fives], dim=1))
