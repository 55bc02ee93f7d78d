"""The networks of Section III-C as plain modules that know nothing of training, files or the command line."""

from upcracknet.networks.crack_remover import CrackRemover
from upcracknet.networks.discriminator import PatchDiscriminator
from upcracknet.networks.generator import NormalizationStatistics, UNetGenerator

__all__ = ["CrackRemover", "NormalizationStatistics", "PatchDiscriminator", "UNetGenerator"]
