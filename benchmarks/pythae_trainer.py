"""The trainer of pythae (Chadebec et al., 2022), from its package, on the same networks."""

import logging
import tempfile
from importlib import util

import torch
from torch import Tensor, nn

from benchmarks.work import Loop, Skipped, Work

EPOCH = 6400  # images; pythae trains an epoch at a time, so that a turn has some of them


def start(work: Work, device: str) -> Loop:
    """Train pythae's VAE with its trainer on a float tensor, as in its examples."""
    if util.find_spec("pythae") is None:
        raise Skipped("pythae is not installed: pip install pythae")
    if work.family != "vae":
        raise Skipped("pythae trains autoencoders alone")
    return _train(work, device)


def _train(work: Work, device: str) -> Loop:
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    made = work.plain_model()

    class Encoder(BaseEncoder):
        def __init__(self, network: nn.Module):
            super().__init__()
            self.network = network

        def forward(self, images: Tensor) -> ModelOutput:
            mean, log_variance = self.network(images).chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self, network: nn.Module):
            super().__init__()
            self.network = network

        def forward(self, latents: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.network(latents).sigmoid())

    logging.disable(logging.INFO)
    config = VAEConfig(
        input_dim=work.images.image_shape, latent_dim=made.latent_dim, reconstruction_loss="bce"
    )
    model = VAE(config, encoder=Encoder(made.encoder), decoder=Decoder(made.decoder))
    images = work.images.table[work.images.splits["train"][:EPOCH]].float() / 255
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=work.batch,
            num_epochs=1,
            learning_rate=work.lr,
            no_cuda=device == "cpu",
        )
        labels = torch.zeros(len(images))
        trainer = BaseTrainer(model, BaseDataset(images, labels), training_config=settings)
        trainer.prepare_training()
        trainer.callback_handler.callbacks.clear()  # its progress bars
        epoch = 0
        while True:
            epoch += 1
            trainer.train_step(epoch)
            yield len(images)
