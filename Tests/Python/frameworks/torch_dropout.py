"""Monte Carlo dropout, with one dropout module that is called twice and one of channels (PyTorch)."""
import torch
from torch import nn

from digits import test_images, test_labels, train_images, train_labels


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.channels, self.dropout = nn.Dropout2d(0.2), nn.Dropout(0.5)
        self.first, self.second, self.last = nn.Linear(1152, 64), nn.Linear(64, 64), nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.channels(self.conv(x))).flatten(1)
        x = self.dropout(torch.relu(self.first(x)))
        return self.last(self.dropout(torch.relu(self.second(x))))


torch.manual_seed(0)
images, labels = torch.as_tensor(train_images).float() / 255, torch.as_tensor(train_labels)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), 2e-3)
for _ in range(100):
    batch = torch.randint(len(images), (64,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
    optimizer.step()

# export
from export_posterior import dropout_draws, export

export(dropout_draws(model, test_images, draws=10), test_images, test_labels, kind="independent")
