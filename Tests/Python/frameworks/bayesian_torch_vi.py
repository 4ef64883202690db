"""Mean-field variational inference: a network of PyTorch that dnn_to_bnn makes Bayesian (bayesian-torch)."""
import torch
from bayesian_torch.models.dnn_to_bnn import dnn_to_bnn, get_kl_loss
from torch import nn

from digits import test_images, test_labels, train_images, train_labels

torch.manual_seed(0)
images, labels = torch.as_tensor(train_images).float() / 255, torch.as_tensor(train_labels)
model = nn.Sequential(
    nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(288, 10))
dnn_to_bnn(model, {
    "prior_mu": 0.0, "prior_sigma": 1.0, "posterior_mu_init": 0.0, "posterior_rho_init": -4.0, "type": "Flipout",
    "moped_enable": True, "moped_delta": 0.1})
optimizer = torch.optim.Adam(model.parameters(), 5e-3)
for _ in range(100):
    batch = torch.randint(len(images), (64,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(images[batch]), labels[batch]) + get_kl_loss(model) / len(images)
    loss.backward()
    optimizer.step()

# export
from export_posterior import export, variational_draws

export(variational_draws(model, draws=10), test_images, test_labels, kind="variational")
