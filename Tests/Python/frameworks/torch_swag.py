"""SWAG: a Gaussian through the iterates of SGD, batch normalization's statistics anew for each draw (PyTorch)."""
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim.swa_utils import update_bn

from digits import test_images, test_labels, train_images, train_labels

torch.manual_seed(0)
images, labels = torch.as_tensor(train_images).float() / 255, torch.as_tensor(train_labels)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), 100, shuffle=True)
model = nn.Sequential(
    nn.Conv2d(1, 8, 5, stride=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(1152, 10))
optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
iterates = []
for epoch in range(30):
    for batch, classes in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), classes).backward()
        optimizer.step()
    if epoch >= 20:
        iterates.append(parameters_to_vector(model.parameters()).detach())
iterates = torch.stack(iterates)
mean, deviations = iterates.mean(0), iterates - iterates.mean(0)


def swag_sample():
    """Maddox et al. 2019, Eq. (1): half of the covariance diagonal, half of low rank."""
    low_rank = torch.randn(len(deviations)) @ deviations / (2 * (len(deviations) - 1)) ** 0.5
    vector_to_parameters(mean + deviations.std(0) / 2 ** 0.5 * torch.randn(len(mean)) + low_rank, model.parameters())
    update_bn(loader, model.train())
    return model.eval()


# export
from export_posterior import export

export((swag_sample() for _ in range(10)), test_images, test_labels, kind="independent")
