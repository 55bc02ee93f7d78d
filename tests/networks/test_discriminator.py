import pytest
import torch

from upcracknet.networks import PatchDiscriminator


def test_the_papers_discriminator_has_its_published_number_of_parameters():
    assert sum(parameter.numel() for parameter in PatchDiscriminator().parameters()) == 2_769_601


@pytest.mark.parametrize(("size", "patches"), [(256, 30), (128, 14), (70, 6)])
def test_it_judges_patches(size, patches):
    logits = PatchDiscriminator(4)(torch.zeros(2, 3, size, size), torch.zeros(2, 3, size, size))
    assert logits.shape == (2, 1, patches, patches)


def test_a_judgement_depends_on_70_by_70_pixels():
    discriminator = PatchDiscriminator(2).eval()
    image = torch.rand(1, 3, 256, 256, requires_grad=True)
    discriminator(torch.rand(1, 3, 256, 256), image)[0, 0, 15, 15].backward()
    assert image.grad is not None
    touched = image.grad.abs().sum(dim=(0, 1)) > 0
    assert int(touched.any(dim=1).sum()) == 70
    assert int(touched.any(dim=0).sum()) == 70


def test_the_judgement_is_conditioned_on_the_corrupted_image():
    discriminator = PatchDiscriminator(2).eval()
    image = torch.rand(1, 3, 128, 128)
    assert not torch.equal(discriminator(image, image), discriminator(image * 0, image))


def test_every_parameter_gets_a_gradient():
    discriminator = PatchDiscriminator(2)
    discriminator(torch.rand(2, 3, 128, 128), torch.rand(2, 3, 128, 128)).square().mean().backward()
    assert all(
        p.grad is not None and (p.grad != 0).any()
        for n, p in discriminator.named_parameters()
        if "weight" in n
    )
