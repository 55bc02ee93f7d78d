"""Loss functions of Section III-E, for images in [0, 1], and 0 for identical ones."""

from upcracknet.losses.adversarial import discriminator_loss, generator_adversarial_loss
from upcracknet.losses.restoration import LossWeights, RestorationLoss, restoration_loss, total_loss
from upcracknet.losses.segmentation import focal_loss, segmentation_loss
from upcracknet.losses.similarity import (
    gradient_magnitude_similarity,
    multi_scale_gradient_magnitude_similarity_loss,
    multi_scale_gradient_magnitude_similarity_map,
    structural_similarity,
    structural_similarity_loss,
)
from upcracknet.losses.style import (
    FeatureExtractor,
    RandomFeatures,
    VGG19Features,
    gram_matrix,
    load_vgg19,
    style_loss,
)

__all__ = [
    "FeatureExtractor",
    "LossWeights",
    "RandomFeatures",
    "RestorationLoss",
    "VGG19Features",
    "discriminator_loss",
    "focal_loss",
    "generator_adversarial_loss",
    "gradient_magnitude_similarity",
    "gram_matrix",
    "load_vgg19",
    "multi_scale_gradient_magnitude_similarity_loss",
    "multi_scale_gradient_magnitude_similarity_map",
    "restoration_loss",
    "segmentation_loss",
    "structural_similarity",
    "structural_similarity_loss",
    "style_loss",
    "total_loss",
]
