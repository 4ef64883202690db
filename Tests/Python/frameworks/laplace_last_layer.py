"""Laplace's approximation over the last layer (laplace-torch)."""
import torch
from laplace import Laplace
from torch import nn

from digits import test_images, test_labels, train_images, train_labels

torch.manual_seed(0)
images, labels = torch.as_tensor(train_images).float() / 255, torch.as_tensor(train_labels)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), 100)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.Tanh(), nn.Linear(32, 10))
optimizer = torch.optim.Adam(model.parameters(), 5e-3)
for _ in range(15):
    for batch, classes in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), classes).backward()
        optimizer.step()
model.eval()
la = Laplace(model, "classification", subset_of_weights="last_layer", hessian_structure="kron")
la.fit(loader)
la.optimize_prior_precision()

# export
from export_posterior import export, laplace_draws

export(laplace_draws(la, draws=20), test_images, test_labels, kind="independent")
