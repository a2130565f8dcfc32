"""Digits by skorch: in a pipeline, with callbacks, in a search over a grid, saved and loaded."""

import pickle
import tempfile
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler
from torch import nn

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X, y = X[:300].astype("float32") / 16, y[:300]


class Digits(nn.Module):
    def __init__(self, hidden=16, outputs=10):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, outputs))

    def forward(self, x):
        return self.layers(x)


scoring = EpochScoring("accuracy", lower_is_better=False, on_train=True, name="train_accuracy")
callbacks = [EarlyStopping(patience=3), LRScheduler(policy="StepLR", step_size=3), scoring]
settings = {"criterion": nn.CrossEntropyLoss, "optimizer": torch.optim.Adam, "max_epochs": 5, "verbose": 0, "lr": 0.02}
net = NeuralNetClassifier(Digits, callbacks=callbacks, iterator_train__shuffle=True, **settings)
pipeline = make_pipeline(StandardScaler(), net).fit(X, y)
print(f"accuracy {pipeline.score(X, y):.3f}", [f"{loss:.3f}" for loss in net.history[:, "valid_loss"]])
print([f"{row['train_accuracy']:.3f} {row['event_lr']:.4f}" for row in net.history])
search = GridSearchCV(NeuralNetClassifier(Digits, train_split=None, **settings), {"module__hidden": [4, 32]}, cv=2)
print(search.fit(X, y).best_params_, f"{search.best_score_:.3f}")
regressor = NeuralNetRegressor(Digits, module__outputs=1, max_epochs=3, lr=0.05, verbose=0)
print(cross_val_score(regressor, X, y[:, None].astype("float32"), cv=2).round(3))
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "weights.pt")
    net.save_params(f_params=path)
    loaded = NeuralNetClassifier(Digits, **settings).initialize()
    loaded.load_params(f_params=path)
print((loaded.predict(X) == pickle.loads(pickle.dumps(net)).predict(X)).all(), loaded)
