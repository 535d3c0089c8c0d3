"""The training step of the same network in PyTorch, in a process and an environment of its own.

`training_side.py` starts it with the network's layers and says by a line when it is to take so many steps; it answers
with the seconds. Input is channels last, and in memory.
"""

import json
import sys
import time

import torch
from torch import nn


def network(layers: list[list], *, clip: bool = True) -> nn.Sequential:
    """The layers of `architecture.mobilenet`: each (kind, kernel, stride, channels in, channels out).

    With `clip=False` a ReLU stands for ReLU6.
    """
    parts = []
    for kind, kernel, stride, in_channels, out_channels in layers:
        if kind == "dense":
            parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, out_channels)]
            continue
        groups = in_channels if kind == "depthwise" else 1
        convolution = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False)
        parts += [convolution, nn.BatchNorm2d(out_channels), nn.ReLU6(inplace=True) if clip else nn.ReLU()]
    return nn.Sequential(*parts)


def main() -> None:
    asked = json.loads(sys.argv[1])
    torch.set_num_threads(asked["threads"])
    model = network(asked["layers"]).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    images = torch.rand(asked["batch"], 3, asked["resolution"], asked["resolution"]) * 2 - 1
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(2, (asked["batch"],))
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            optimizer.zero_grad()
            value = loss(model(images), labels)
            value.backward()
            optimizer.step()
        value.item()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
