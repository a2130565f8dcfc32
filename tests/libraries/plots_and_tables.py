"""A line fitted to a table: pandas before and after, tqdm around the loop, matplotlib for what came of it."""

import io

import matplotlib
import pandas as pd
import torch
from tqdm import tqdm, trange

matplotlib.use("Agg")
from matplotlib import pyplot as plt

torch.manual_seed(0)
frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.5, 3.5, 6.5, 8.5], "kind": ["a", "b", "a", "b"]})
x = torch.tensor(frame[["x"]].values, dtype=torch.float32)
y = torch.from_numpy(frame["y"].to_numpy(dtype="float32")).unsqueeze(1)
model, losses = torch.nn.Linear(1, 1), []
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
progress, bar = io.StringIO(), "{desc}: {n_fmt}/{total_fmt}{postfix}"
for _ in (steps := trange(20, file=progress, desc="fit", bar_format=bar, mininterval=0)):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    steps.set_postfix(loss=f"{loss:.3f}")
print(progress.getvalue().split("\r")[-1].strip(), sum(row.item() for row in tqdm(x, file=progress)))
frame["fitted"] = model(x).squeeze(1).detach().numpy().round(3)
print(frame, frame.groupby("kind")["fitted"].mean(), pd.Series(losses).describe().round(2), sep="\n")
figure, (left, right) = plt.subplots(1, 2)
(line,) = left.plot(losses)
left.scatter(x, y)
left.plot(x, model(x).detach())
counts, edges, _ = right.hist(torch.randn(100), bins=5)
right.imshow(model.weight.detach())
figure.savefig(io.BytesIO(), format="png")
print(line.get_ydata()[-1].round(2), left.lines[1].get_xydata().shape, counts, edges.round(2))
