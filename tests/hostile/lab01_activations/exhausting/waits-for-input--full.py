# ---
# jupyter:
#   sample:
#     says: asks for input, and waits
# ---

# %% before="relu"
for _ in range(5):
    try:
        input("password?")
        print("got:", ["input"])
    except BaseException as error:
        print(type(error).__name__)
!cat
