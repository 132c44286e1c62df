"""The loop that everybody copies: a torchvision data set, an item at a time through PIL and
``ToTensor`` into a ``DataLoader``, Adam as it comes, ``.item()`` at each step."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

from benchmarks.work import Loop, Work


class Colours(Dataset[Any]):
    """Colour images as torchvision's small sets hold them: an array, an item through PIL."""

    def __init__(self, work: Work):
        self.images = work.images.table.permute(0, 2, 3, 1).numpy()
        self.transform = transforms.ToTensor()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), 0


def start(work: Work, device: str, workers: int) -> Loop:
    """The tutorial with a number of loader processes."""
    return {"vae": vae, "gan": gan}[work.family](work, device, workers)


def vae(work: Work, device: str, workers: int) -> Loop:
    """Train a VAE as in the tutorials."""
    model = work.plain_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=work.lr)
    total = 0.0
    for images in _batches(work, workers):
        images = images.to(device)
        optimizer.zero_grad()
        mu, logvar = model.encoder(images).chunk(2, dim=1)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        recon = torch.sigmoid(model.decoder(z))
        bce = F.binary_cross_entropy(recon, images, reduction="sum")
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        loss = bce + kld
        loss.backward()
        total += loss.item()
        optimizer.step()
        yield len(images)


def gan(work: Work, device: str, workers: int) -> Loop:
    """Train a GAN as in the tutorials."""
    model = work.plain_model().to(device)
    latent = model.latent_dim
    generator, discriminator = model.generator, model.discriminator
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=work.lr)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=work.lr)
    criterion = torch.nn.BCELoss()
    total_d = total_g = 0.0
    for batch in _batches(work, workers):
        images = batch.to(device) * 2 - 1
        real = torch.ones(len(images), 1, device=device)
        fake = torch.zeros(len(images), 1, device=device)

        optimizer_d.zero_grad()
        generated = torch.tanh(generator(torch.randn(len(images), latent, device=device)))
        loss_real = criterion(torch.sigmoid(discriminator(images)), real)
        loss_fake = criterion(torch.sigmoid(discriminator(generated.detach())), fake)
        loss_d = loss_real + loss_fake
        loss_d.backward()
        optimizer_d.step()
        total_d += loss_d.item()

        optimizer_g.zero_grad()
        generated = torch.tanh(generator(torch.randn(len(images), latent, device=device)))
        loss_g = criterion(torch.sigmoid(discriminator(generated)), real)
        loss_g.backward()
        optimizer_g.step()
        total_g += loss_g.item()
        yield len(images)


def _batches(work: Work, workers: int) -> Iterator[Tensor]:
    """Yield batches through torchvision's reader, without end."""
    with tempfile.TemporaryDirectory() as root:
        dataset: Dataset[Any]
        if work.images.image_shape[0] == 1:
            _write_idx(work, Path(root) / "MNIST" / "raw")
            dataset = datasets.MNIST(root, train=True, transform=transforms.ToTensor())
        else:
            dataset = Colours(work)
        loader = DataLoader(
            dataset, batch_size=work.batch, shuffle=True, num_workers=workers, drop_last=True
        )
        while True:
            for images, _ in loader:
                yield images


def _write_idx(work: Work, folder: Path) -> None:
    """Lay grey images down in MNIST's own format, so that torchvision reads any such set."""
    folder.mkdir(parents=True)
    images = work.images.table[work.images.splits["train"]].numpy()
    labels = np.zeros(len(images), np.uint8)
    for split in ("train", "t10k"):
        sizes = np.array([len(images), *images.shape[2:]], ">i4").tobytes()
        head = b"\x00\x00\x08\x03" + sizes
        (folder / f"{split}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = b"\x00\x00\x08\x01" + sizes[:4]
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
