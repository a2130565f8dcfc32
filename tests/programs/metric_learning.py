"""Metric learning on the digits: triplets with semi-hard mining, an embedding on the sphere, retrieval by distance."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, random_split


class Digits(Dataset):
    def __init__(self):
        bunch = load_digits()
        self.images = torch.as_tensor(bunch.data, dtype=torch.float32) / 16
        self.labels = torch.as_tensor(bunch.target)

    def __getitem__(self, index):
        return {"image": self.images[index], "label": self.labels[index], "index": index}

    def __len__(self):
        return len(self.labels)


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 8))

    def forward(self, x):
        return nn.functional.normalize(self.net(x), p=2, dim=-1)


def mine(embeddings, labels, margin):
    """All triplets of a batch whose negative is farther than the positive, but within the margin."""
    distances = torch.cdist(embeddings, embeddings)
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool)
    d_ap, d_an = distances.unsqueeze(2), distances.unsqueeze(1)
    valid = positive.unsqueeze(2) & ~same.unsqueeze(1) & (d_an > d_ap) & (d_an < d_ap + margin)
    return torch.nonzero(valid, as_tuple=True)


def recall_at_1(model, train, test):
    model.eval()
    with torch.inference_mode():
        gallery = torch.cat([model(b["image"]) for b in DataLoader(train, batch_size=512)])
        gallery_labels = torch.cat([b["label"] for b in DataLoader(train, batch_size=512)])
        query = torch.stack([test[i]["image"] for i in range(len(test))])
        labels = torch.tensor([test[i]["label"].item() for i in range(len(test))])
        nearest = torch.cdist(model(query), gallery).topk(1, dim=1, largest=False).indices.squeeze(1)
    model.train()
    return (gallery_labels[nearest] == labels).float().mean().item()


def main():
    generator = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    train, test = random_split(Digits(), [0.8, 0.2], generator=generator)
    small = Subset(train, range(600))
    loader = DataLoader(small, batch_size=60, shuffle=True, generator=generator)
    model = Embedder()
    criterion = nn.TripletMarginLoss(margin=0.3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[2, 3], gamma=0.3)
    print(f"before: recall {recall_at_1(model, small, test):.3f}")
    for epoch in range(4):
        losses, counts = [], 0
        for batch in loader:
            embeddings = model(batch["image"])
            anchor, positive, negative = mine(embeddings.detach(), batch["label"], margin=0.3)
            if anchor.numel() == 0:
                continue
            loss = criterion(embeddings[anchor], embeddings[positive], embeddings[negative])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            counts += anchor.numel()
        scheduler.step()
        print(f"epoch {epoch}: loss {np.mean(losses):.3f} lr {optimizer.param_groups[0]['lr']:.4f}")
    print(f"after: recall {'above' if recall_at_1(model, small, test) > 0.9 else 'below'} 0.9, triplets {counts > 0}")


if __name__ == "__main__":
    main()
