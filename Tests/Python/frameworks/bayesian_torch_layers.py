"""Mean-field variational inference with layers of one's own, which give their divergence beside their output (bayesian-torch)."""
import torch
from bayesian_torch.layers import Conv2dReparameterization, LinearReparameterization
from torch import nn

from digits import test_images, test_labels, train_images, train_labels


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = Conv2dReparameterization(1, 6, 5, stride=2, posterior_rho_init=-5.0)
        self.last = LinearReparameterization(864, 10, posterior_rho_init=-5.0)

    def forward(self, x):
        x, first = self.conv(x)
        x, second = self.last(torch.tanh(x).flatten(1))
        return x, first + second


torch.manual_seed(0)
images, labels = torch.as_tensor(train_images).float() / 255, torch.as_tensor(train_labels)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), 5e-3)
for _ in range(100):
    batch = torch.randint(len(images), (64,))
    optimizer.zero_grad()
    logits, divergence = model(images[batch])
    (nn.functional.cross_entropy(logits, labels[batch]) + divergence / 5000).backward()
    optimizer.step()

# export
from export_posterior import export, variational_draws

export(variational_draws(model, draws=8), test_images, test_labels, kind="variational")
