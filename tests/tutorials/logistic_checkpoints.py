import os
import tempfile

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, Dataset

data = load_breast_cancer()
X, y = data.data, data.target
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=1234)
sc = StandardScaler()
X_train = sc.fit_transform(X_train)
X_test = sc.transform(X_test)


class CancerDataset(Dataset):
    def __init__(self, X, y, transform=None):
        self.X = torch.from_numpy(X.astype("float32"))
        self.y = torch.from_numpy(y.astype("float32")).view(-1, 1)
        self.transform = transform

    def __len__(self):
        return len(self.X)

    def __getitem__(self, idx):
        sample = self.X[idx], self.y[idx]
        if self.transform:
            sample = self.transform(sample)
        return sample


class LogisticRegression(nn.Module):
    def __init__(self, n_input_features):
        super().__init__()
        self.linear = nn.Linear(n_input_features, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


def train(dataloader, model, loss_fn, optimizer, scheduler, first, last):
    for epoch in range(first, last):
        model.train()
        running_loss = 0.0
        for batch, (xb, yb) in enumerate(dataloader):
            pred = model(xb)
            loss = loss_fn(pred, yb)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            running_loss += loss.item()
        scheduler.step()
        print(f"epoch {epoch + 1}: loss = {running_loss / len(dataloader):.4f}, lr = {scheduler.get_last_lr()[0]:.4f}")


def test(dataloader, model, loss_fn):
    size = len(dataloader.dataset)
    model.eval()
    test_loss, correct = 0, 0
    with torch.no_grad():
        for X, y in dataloader:
            pred = model(X)
            test_loss += loss_fn(pred, y).item()
            correct += (pred.round() == y).type(torch.float).sum().item()
    print(f"Test Error: \n Accuracy: {(100 * correct / size):>0.1f}%, Avg loss: {test_loss / len(dataloader):>8f} \n")


def make():
    model = LogisticRegression(X.shape[1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    return model, optimizer, scheduler


training_data = CancerDataset(X_train, y_train)
test_dataloader = DataLoader(CancerDataset(X_test, y_test), batch_size=64)
train_dataloader = DataLoader(training_data, batch_size=32, shuffle=True)
features, labels = next(iter(train_dataloader))
print(f"Feature batch shape: {features.size()}")
print(f"Labels batch shape: {labels.size()}")
criterion = nn.BCELoss()

# uninterrupted
torch.manual_seed(7)
model, optimizer, scheduler = make()
print(model)
train(train_dataloader, model, criterion, optimizer, scheduler, 0, 3)
rng = torch.get_rng_state()
path = os.path.join(tempfile.mkdtemp(), "checkpoint.pth")
torch.save(
    {
        "epoch": 3,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "scheduler_state_dict": scheduler.state_dict(),
        "rng": rng,
    },
    path,
)
train(train_dataloader, model, criterion, optimizer, scheduler, 3, 6)
test(test_dataloader, model, criterion)

# resumed
torch.manual_seed(99)
loaded, optimizer, scheduler = make()
checkpoint = torch.load(path, weights_only=True)
print(sorted(checkpoint.keys()))
loaded.load_state_dict(checkpoint["model_state_dict"])
optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
scheduler.load_state_dict(checkpoint["scheduler_state_dict"])
torch.set_rng_state(checkpoint["rng"])
print(optimizer)
train(train_dataloader, loaded, criterion, optimizer, scheduler, checkpoint["epoch"], 6)
test(test_dataloader, loaded, criterion)
for a, b in zip(model.parameters(), loaded.parameters()):
    print(torch.equal(a, b))
print(loaded.linear.weight[0, :5])
print(loaded.state_dict()["linear.bias"])
torch.save(model.state_dict(), os.path.join(tempfile.gettempdir(), "model.pth"))
model = LogisticRegression(X.shape[1])
model.load_state_dict(torch.load(os.path.join(tempfile.gettempdir(), "model.pth")))
print(model.load_state_dict(torch.load(os.path.join(tempfile.gettempdir(), "model.pth"))))
model.eval()
x, y = training_data[0]
with torch.no_grad():
    pred = model(x)
    print(f"Predicted: {pred[0]:.4f}, Actual: {y.item()}")
for epoch, (name, p) in enumerate(model.named_parameters()):
    print(name, p.shape, p.requires_grad)
