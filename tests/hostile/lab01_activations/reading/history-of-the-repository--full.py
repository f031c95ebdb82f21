# ---
# jupyter:
#   sample:
#     says: asks git for the solutions
# ---

# %% before="relu"
!git -C @COURSE@ show HEAD:solutions/seed.txt
!git -C @COURSE@ log -p -2 -- solutions
!git --git-dir=@COURSE@/.git cat-file -p HEAD:solutions/lab01_activations/lab.py
!cat @COURSE@/solutions/seed.txt @COURSE@/.git/config
