"""The model: a small decoder-only transformer over bytes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from design import VOCABULARY, Cell
from torch import nn

ROTARY_BASE = 1000.0


def rotary_angles(context: int, head_width: int) -> torch.Tensor:
    """Cosines and sines [2, context, 1, head_width / 2] of the rotary position embedding (Su et al. 2021)."""
    rates = ROTARY_BASE ** (-torch.arange(0, head_width, 2) / head_width)
    angles = torch.outer(torch.arange(context), rates)
    return torch.stack([angles.cos(), angles.sin()])[:, :, None]


def rotate(x: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    cosine, sine = angles
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


class Block(nn.Module):
    def __init__(self, width: int, heads: int, layers: int, context: int) -> None:
        super().__init__()
        self.heads = heads
        self.register_buffer("angles", rotary_angles(context, width // heads), persistent=False)
        self.norm_attention = nn.LayerNorm(width, bias=False)
        self.norm_mlp = nn.LayerNorm(width, bias=False)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.contract = nn.Linear(4 * width, width, bias=False)
        for linear in (self.query_key_value, self.expand):
            nn.init.normal_(linear.weight, std=linear.in_features**-0.5)
        for linear in (self.project, self.contract):
            nn.init.normal_(linear.weight, std=(2 * layers * linear.in_features) ** -0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        joint = self.query_key_value(self.norm_attention(x)).view(batch, length, 3 * self.heads, width // self.heads)
        rotated = rotate(joint[:, :, : 2 * self.heads], self.angles)
        query, key = rotated.transpose(1, 2).chunk(2, dim=1)
        value = joint[:, :, 2 * self.heads :].transpose(1, 2)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.project(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.contract(F.relu(self.expand(self.norm_mlp(x))))


class LanguageModel(nn.Module):
    """Decoder-only transformer: pre-norm, rotary positions, ReLU, no biases, embedding and unembedding tied."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, cell.width)
        self.blocks = nn.Sequential(
            *(Block(cell.width, cell.heads, cell.layers, cell.context) for _ in range(cell.layers))
        )
        self.norm = nn.LayerNorm(cell.width, bias=False)
        nn.init.normal_(self.embedding.weight, std=0.5 * cell.width**-0.5)

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        """Mean loss in nats per byte on blocks of context + 1 bytes."""
        blocks = blocks.long()
        hidden = self.norm(self.blocks(self.embedding(blocks[:, :-1])))
        logits = F.linear(hidden, self.embedding.weight)
        return F.cross_entropy(logits.view(-1, VOCABULARY), blocks[:, 1:].reshape(-1))
