import pytest
import torch
from torch import nn

from upcracknet.training.adam import Adam

RATE, BETAS = 1e-2, (0.5, 0.999)


def network(layout):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 6, 4), nn.ReLU(), nn.Conv2d(6, 2, 1)).to(memory_format=layout)


def learn(learner, optimizer, steps=3):
    torch.manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        learner(torch.randn(2, 3, 8, 8)).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_steps_are_those_of_pytorchs_plain_adam(layout):
    ours, theirs = network(layout), network(layout)
    learn(ours, Adam(ours.parameters(), RATE, BETAS))
    learn(theirs, torch.optim.Adam(theirs.parameters(), RATE, BETAS, fused=False, foreach=False))
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)
        assert mine.stride() == other.stride()


def test_its_state_is_pytorchs_and_goes_on_from_it():
    ours, theirs = network(torch.channels_last), network(torch.channels_last)
    optimizer, other = (
        Adam(ours.parameters(), RATE, BETAS),
        torch.optim.Adam(theirs.parameters(), RATE, BETAS),
    )
    learn(ours, optimizer)
    learn(theirs, other)
    for name, value in optimizer.state_dict()["state"][0].items():
        torch.testing.assert_close(value, other.state_dict()["state"][0][name])
    resumed = Adam(theirs.parameters(), RATE, BETAS)
    resumed.load_state_dict(other.state_dict())
    learn(ours, optimizer)
    learn(theirs, resumed)
    torch.testing.assert_close(ours[0].weight, theirs[0].weight)


def test_no_gradient_is_copied(monkeypatch):
    learner = network(torch.channels_last)
    optimizer = Adam(learner.parameters(), RATE, BETAS)
    seen = []
    step = torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam,
        "step",
        lambda self: seen.extend(p.grad.is_contiguous() for p in learner.parameters()) or step(self),
    )
    learn(learner, optimizer, steps=1)
    assert len(seen) == 4
    assert all(seen)


def test_a_closure_gives_the_loss():
    learner = network(torch.channels_last)
    optimizer = Adam(learner.parameters(), RATE, BETAS)

    def closure():
        loss = learner(torch.ones(1, 3, 8, 8)).square().mean()
        loss.backward()
        return loss

    before = learner[0].weight.detach().clone()
    assert optimizer.step(closure).item() > 0
    assert not torch.equal(before, learner[0].weight)
    assert optimizer.step() is None
