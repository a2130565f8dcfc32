"""Classify scikit-learn's digits: a scheduler, early stopping, and a checkpoint that is read back."""

import argparse
import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, hidden=64, dropout=0.1):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        )

    def forward(self, x):
        return F.log_softmax(self.layers(x), dim=1)


def train(model, device, loader, optimizer):
    model.train()
    total = 0.0
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(data)
    return total / len(loader.dataset)


@torch.no_grad()
def test(model, device, loader):
    model.eval()
    loss, correct = 0.0, 0
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        output = model(data)
        loss += F.nll_loss(output, target, reduction="sum").item()
        correct += (
            output.argmax(dim=1, keepdim=True).eq(target.view_as(output.argmax(dim=1, keepdim=True))).sum().item()
        )
    return loss / len(loader.dataset), correct / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=0.01)
    args = parser.parse_args()

    torch.manual_seed(0)
    np.random.seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split((x / 16).astype(np.float32), y, random_state=0, stratify=y)
    train_set = TensorDataset(torch.from_numpy(x_train), torch.from_numpy(y_train))
    test_set = TensorDataset(torch.from_numpy(x_test), torch.from_numpy(y_test))
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=256)

    model = Net().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-3)
    scheduler = CosineAnnealingLR(optimizer, T_max=args.epochs)
    path = os.path.join(tempfile.mkdtemp(), "best.pt")
    best = 0.0
    for epoch in range(args.epochs):
        loss = train(model, device, train_loader, optimizer)
        test_loss, accuracy = test(model, device, test_loader)
        print(f"epoch {epoch} lr {scheduler.get_last_lr()[0]:.6f} loss {loss:.3f} test {test_loss:.3f} {accuracy:.3f}")
        scheduler.step()
        if accuracy > best:
            best = accuracy
            torch.save(
                {
                    "epoch": epoch,
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "scheduler": scheduler.state_dict(),
                    "accuracy": accuracy,
                },
                path,
            )

    checkpoint = torch.load(path, map_location=device)
    restored = Net().to(device)
    print(restored.load_state_dict(checkpoint["model"]))
    again = torch.optim.AdamW(restored.parameters(), lr=args.lr)
    again.load_state_dict(checkpoint["optimizer"])
    print(sorted(checkpoint), again.param_groups[0]["weight_decay"], len(again.state))
    print(f"restored accuracy {test(restored, device, test_loader)[1]:.3f} of epoch {checkpoint['epoch']}")
    print(sum(p.numel() for p in restored.parameters() if p.requires_grad), "parameters")


if __name__ == "__main__":
    main()
