"""Poisson's equation on an interval by DeepXDE: a network whose second derivative is -pi^2 sin(pi x)."""

import os

os.environ["DDE_BACKEND"] = "pytorch"

import deepxde as dde
import numpy as np
import torch

dde.config.set_random_seed(1)
geometry = dde.geometry.Interval(-1, 1)


def equation(x, y):
    return -dde.grad.hessian(y, x) - np.pi**2 * torch.sin(np.pi * x)


def solution(x):
    return np.sin(np.pi * x)


boundary = dde.icbc.DirichletBC(geometry, solution, lambda x, on_boundary: on_boundary)
data = dde.data.PDE(geometry, equation, boundary, 16, 2, solution=solution, num_test=50)
net = dde.nn.FNN([1, 20, 20, 1], "tanh", "Glorot uniform")
model = dde.Model(data, net)
model.compile("adam", lr=0.005, metrics=["l2 relative error"], decay=("step", 100, 0.5))
history, state = model.train(iterations=200, display_every=100)
print(np.array(history.loss_test[-1]).round(2), len(history.steps))
print(model.predict(np.linspace(-1, 1, 5)[:, None]).round(2).tolist())
print(model.predict(np.zeros((1, 1)), operator=equation).shape)
