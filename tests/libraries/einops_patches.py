"""A small vision transformer's parts: patches, attention and pooling, written with einops."""

import torch
from einops import einsum, pack, rearrange, reduce, repeat, unpack
from einops.layers.torch import EinMix, Rearrange, Reduce
from torch import nn

torch.manual_seed(0)
images = torch.randn(4, 1, 8, 8, requires_grad=True)
embed = nn.Sequential(Rearrange("b c (h p) (w q) -> b (h w) (c p q)", p=4, q=4), nn.Linear(16, 12), nn.LayerNorm(12))
project = EinMix("b n d -> b n (k h e)", weight_shape="d k h e", bias_shape="k h e", d=12, k=3, h=2, e=6)
head = nn.Sequential(Reduce("b n d -> b d", "mean"), nn.Linear(12, 3))

tokens = embed(images)
classes = repeat(torch.zeros(12), "d -> b 1 d", b=len(tokens))
packed, shapes = pack([classes, tokens], "b * d")
q, k, v = rearrange(project(packed), "b n (k h e) -> k b h n e", k=3, h=2)
weights = (einsum(q, k, "b h i e, b h j e -> b h i j") / 6**0.5).softmax(dim=-1)
mixed = rearrange(einsum(weights, v, "b h i j, b h j e -> b h i e"), "b h n e -> b n (h e)")
first, rest = unpack(mixed, shapes, "b * d")
loss = nn.functional.cross_entropy(head(rest) + reduce(first, "b n d -> b 1", "max"), torch.arange(4) % 3)
loss.backward()
print(shapes, tuple(first.shape), tuple(rest.shape))
print(f"loss {loss.item():.4f}, gradient {images.grad.abs().sum().item():.4f}")
print(reduce(images.grad, "b c (h p) (w q) -> h w", "sum", p=4, q=4))
print(head[0])
