"""The network in NumPy alone: forward, loss, the gradients and the update are written by hand."""

import numpy as np

N, D_in, H, D_out = 64, 1000, 100, 10
learning_rate = 1e-6

random = np.random.default_rng(0)
x = random.standard_normal((N, D_in))
y = random.standard_normal((N, D_out))
w1 = random.standard_normal((D_in, H))
w2 = random.standard_normal((H, D_out))

for step in range(500):
    h = x @ w1
    h_relu = np.maximum(h, 0)
    y_pred = h_relu @ w2
    loss = np.square(y_pred - y).sum()
    print(step, loss.item())

    # The chain rule, from the loss back to each weight.
    grad_y_pred = 2 * (y_pred - y)
    grad_w2 = h_relu.T @ grad_y_pred
    grad_h_relu = grad_y_pred @ w2.T
    grad_h = grad_h_relu * (h >= 0)
    grad_w1 = x.T @ grad_h

    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2
