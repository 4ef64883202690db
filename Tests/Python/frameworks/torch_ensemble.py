"""A deep ensemble of convolutional networks with batch normalization, whose inputs the training program normalizes (PyTorch)."""
import torch
from torch import nn

from digits import test_images, test_labels, train_images, train_labels

images = (torch.as_tensor(train_images).float() / 255 - 0.1307) / 0.3081
labels = torch.as_tensor(train_labels)


def trained(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1),
        nn.BatchNorm2d(16), nn.SiLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(784, 10))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(40):
        batch = torch.randint(len(images), (64,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimizer.step()
    return model


models = [trained(seed) for seed in range(4)]

# export
from export_posterior import export

for model in models:
    model.eval()
export(models, test_images, test_labels, kind="ensemble", normalize=(0.1307, 0.3081))
