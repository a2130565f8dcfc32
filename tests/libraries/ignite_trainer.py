"""A classifier by PyTorch-Ignite: a trainer and an evaluator with metrics, checkpoints and early stopping."""

import tempfile
from pathlib import Path

import torch
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import EarlyStopping, ModelCheckpoint, PiecewiseLinear
from ignite.metrics import Accuracy, ConfusionMatrix, Loss, Precision, RunningAverage
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(240, 4)
y = (X[:, :2].sum(dim=1) > 0).long()
train = DataLoader(TensorDataset(X[:160], y[:160]), batch_size=20, shuffle=True)
test = DataLoader(TensorDataset(X[160:], y[160:]), batch_size=40)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer, criterion = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9), nn.CrossEntropyLoss()
trainer = create_supervised_trainer(model, optimizer, criterion)
metrics = {"accuracy": Accuracy(), "loss": Loss(criterion), "matrix": ConfusionMatrix(2), "precision": Precision()}
evaluator = create_supervised_evaluator(model, metrics=metrics)
RunningAverage(output_transform=lambda loss: loss).attach(trainer, "average")
trainer.add_event_handler(Events.ITERATION_STARTED, PiecewiseLinear(optimizer, "lr", [(0, 0.2), (24, 0.02)]))


@trainer.on(Events.EPOCH_COMPLETED)
def evaluate(engine):
    found = evaluator.run(test).metrics
    print(f"{engine.state.epoch}: {found['accuracy']:.3f} {found['loss']:.4f} {engine.state.output:.4f}", end=" ")
    print(f"{engine.state.metrics['average']:.4f} {optimizer.param_groups[0]['lr']:.3f}", found["precision"])


with tempfile.TemporaryDirectory() as folder:
    best = ModelCheckpoint(folder, "best", n_saved=1, score_function=lambda engine: engine.state.metrics["accuracy"])
    evaluator.add_event_handler(Events.COMPLETED, best, {"model": model})
    stopping = EarlyStopping(2, lambda engine: -engine.state.metrics["loss"], trainer)
    evaluator.add_event_handler(Events.COMPLETED, stopping)
    trainer.run(train, max_epochs=4)
    print(len(list(Path(folder).iterdir())), list(torch.load(best.last_checkpoint)))
print(evaluator.state.metrics["matrix"])
