# ---
# jupyter:
#   sample:
#     says: the network stays in evaluation mode
#     points: {flipped_scores: 0.67}
#     mistakes: {flipped_scores: left_in_evaluation}
# ---

# %% exercise="flipped_scores"
def flipped_scores(model, images):
    model.eval()
    with torch.no_grad():
        return (model(images) + model(images.flip(-1))) / 2
