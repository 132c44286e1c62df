"""JAX with optax: one compiled scan over many steps, the strongest rival for small networks."""

from importlib import util
from typing import Any

import numpy as np
from torch import nn

from benchmarks.work import Loop, Skipped, Work

STEPS = 50  # in one scan


def start(work: Work, device: str) -> Loop:
    """Train the same networks, objectives and optimiser."""
    for name in ("jax", "optax"):
        if util.find_spec(name) is None:
            raise Skipped(f"{name} is not installed: pip install jax optax")
    network = work.settings.model["network"]
    if not isinstance(network, dict) or network["class"] != "MLP":
        raise Skipped("written for fully connected networks")
    import jax

    if (jax.default_backend() == "cpu") != (device == "cpu"):
        raise Skipped(f"this JAX runs on {jax.default_backend()}, not on {device}")
    return _train(work)


def _train(work: Work) -> Loop:
    import jax
    import jax.numpy as jnp
    import optax

    model = work.plain_model()
    size, latent = work.batch, model.latent_dim
    slope = 0.2 if work.family == "gan" else 0.0
    drop = next((m.p for m in model.modules() if isinstance(m, nn.Dropout)), 0.0)
    optimizer = optax.adam(work.lr)

    def run(layers: Any, values: Any, key: Any = None) -> Any:
        for number, (weight, bias) in enumerate(layers):
            values = values @ weight + bias
            if number < len(layers) - 1:
                values = jnp.where(values > 0, values, slope * values)
                if key is not None and drop:
                    key, dropout_key = jax.random.split(key)
                    kept = jax.random.bernoulli(dropout_key, 1 - drop, values.shape)
                    values = values * kept / (1 - drop)
        return values

    def vae_loss(weights: Any, images: Any, key: Any) -> Any:
        mean, log_variance = jnp.split(run(weights[0], images), 2, axis=1)
        noise = jax.random.normal(key, mean.shape)
        logits = run(weights[1], mean + jnp.exp(0.5 * log_variance) * noise)
        reconstruction = optax.sigmoid_binary_cross_entropy(logits, images).sum()
        divergence = 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).sum()
        return (reconstruction + divergence) / size

    def vae_step(state: Any, batch: Any) -> Any:
        weights, moments = state
        images, key = batch
        loss, gradients = jax.value_and_grad(vae_loss)(weights, images, key)
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(weights, updates), moments), loss

    def generate(generator: Any, key: Any) -> Any:
        return jnp.tanh(run(generator, jax.random.normal(key, (size, latent))))

    def discriminator_loss(discriminator: Any, real: Any, fake: Any, key: Any) -> Any:
        logits = run(discriminator, jnp.concatenate([real, fake]), key)
        return jax.nn.softplus(-logits[:size]).mean() + jax.nn.softplus(logits[size:]).mean()

    def generator_loss(generator: Any, discriminator: Any, key: Any) -> Any:
        keys = jax.random.split(key)
        return jax.nn.softplus(-run(discriminator, generate(generator, keys[0]), keys[1])).mean()

    def gan_step(state: Any, batch: Any) -> Any:
        (generator, discriminator), (of_generator, of_discriminator) = state
        images, key = batch
        keys = jax.random.split(key, 3)
        fake = generate(generator, keys[0])
        loss, gradients = jax.value_and_grad(discriminator_loss)(
            discriminator, images * 2 - 1, fake, keys[1]
        )
        updates, of_discriminator = optimizer.update(gradients, of_discriminator)
        discriminator = optax.apply_updates(discriminator, updates)
        gradients = jax.grad(generator_loss)(generator, discriminator, keys[2])
        updates, of_generator = optimizer.update(gradients, of_generator)
        generator = optax.apply_updates(generator, updates)
        return ((generator, discriminator), (of_generator, of_discriminator)), loss

    halves = {"vae": ("encoder", "decoder"), "gan": ("generator", "discriminator")}[work.family]
    weights = tuple(_layers(getattr(model, half), jnp) for half in halves)
    moments = (
        optimizer.init(weights)
        if work.family == "vae"
        else tuple(optimizer.init(half) for half in weights)
    )
    step = {"vae": vae_step, "gan": gan_step}[work.family]
    table = jnp.asarray(work.images.table[work.images.splits["train"]].flatten(1).numpy())

    @jax.jit
    def stretch(state: Any, key: Any) -> Any:
        order, noise = jax.random.split(key)
        rows = jax.random.randint(order, (STEPS, size), 0, len(table))

        def one(state: Any, given: Any) -> Any:
            rows, key = given
            return step(state, (table[rows].astype(jnp.float32) / 255, key))

        return jax.lax.scan(one, state, (rows, jax.random.split(noise, STEPS)))

    state, number = (weights, moments), 0
    while True:
        state, losses = stretch(state, jax.random.key(number))
        assert np.isfinite(losses).all()  # waits until they are there
        number += 1
        yield STEPS * size


def _layers(network: nn.Module, jnp: Any) -> list[tuple[Any, Any]]:
    return [
        (jnp.asarray(m.weight.detach().numpy().T), jnp.asarray(m.bias.detach().numpy()))
        for m in network.modules()
        if isinstance(m, nn.Linear)
    ]
