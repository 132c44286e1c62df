"""A minimal training loop: resident tensors, fused Adam, no synchronisation, no log."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.work import Loop, Work
from genmodels.system import device as devices
from genmodels.system.tuning import tune_cpu


def start(work: Work, device: str, tuned: bool) -> Loop:
    """The bare loop, written by hand for each family; ``tuned``: with the products and the
    memory of ``tune_cpu``, so that what is left is the trainer's own cost."""
    if tuned:
        tune_cpu(devices.choose(device, "fp32"))
    return {"vae": vae, "gan": gan}[work.family](work, device)


def vae(work: Work, device: str) -> Loop:
    """Return the negative evidence lower bound, from logits."""
    model = work.plain_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=work.lr, fused=True)
    for images in _batches(work, device):
        mean, log_variance = model.encoder(images).chunk(2, dim=1)
        latents = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        logits = model.decoder(latents)
        reconstruction = F.binary_cross_entropy_with_logits(logits, images, reduction="sum")
        divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        optimizer.zero_grad()
        ((reconstruction + divergence) / work.batch).backward()
        optimizer.step()
        yield work.batch


def gan(work: Work, device: str) -> Loop:
    """The non-saturating losses, in logits; the generator's step spares the
    discriminator's gradients."""
    model = work.plain_model().to(device)
    latent = model.latent_dim
    generator, discriminator = model.generator, model.discriminator
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=work.lr, fused=True)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=work.lr, fused=True)
    for batch in _batches(work, device):
        with torch.no_grad():
            generated = generator(torch.randn(work.batch, latent, device=device)).tanh()
        real = F.softplus(-discriminator(batch * 2 - 1)).mean()
        fake = F.softplus(discriminator(generated)).mean()
        optimizer_d.zero_grad()
        (real + fake).backward()
        optimizer_d.step()

        discriminator.requires_grad_(False)
        generated = generator(torch.randn(work.batch, latent, device=device)).tanh()
        optimizer_g.zero_grad()
        F.softplus(-discriminator(generated)).mean().backward()
        optimizer_g.step()
        discriminator.requires_grad_(True)
        yield work.batch


def _batches(work: Work, device: str) -> Iterator[Tensor]:
    """(B, C, H, W), float32 in [0, 1]: bytes are gathered, then converted."""
    table = work.images.table[work.images.splits["train"]].to(device)
    while True:
        for rows in torch.randperm(len(table), device=device).split(work.batch):
            if len(rows) == work.batch:
                yield table[rows].float().div_(255)
