"""Interpolations of latents against closed forms, and pictures on disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from genmodels import config, sampling
from genmodels.api import formats
from genmodels.config.settings import SHIFTS, Shift
from genmodels.data import pictures
from genmodels.errors import InputError
from genmodels.models import GAN, VAE
from genmodels.networks import MLP
from genmodels.sampling import interpolation
from genmodels.system import randomness


def latents(count: int, dims: int = 6, stream: str = "a") -> Tensor:
    return torch.randn(count, dims, generator=randomness.generator(0, stream))


def test_interpolations_begin_and_end_at_their_ends() -> None:
    start, end = latents(5), latents(5, stream="b")
    for interpolate in (interpolation.lerp, interpolation.slerp):
        made = interpolate(start, end, 7)
        assert made.shape == (5, 7, 6)
        torch.testing.assert_close(made[:, 0], start)
        torch.testing.assert_close(made[:, -1], end)


def test_slerp_stays_on_the_sphere_and_turns_evenly() -> None:
    start, end = (torch.nn.functional.normalize(latents(4, stream=s), dim=1) for s in "ab")
    made = interpolation.slerp(start, end, 9)
    torch.testing.assert_close(made.norm(dim=2), torch.ones(4, 9))
    cosines = (made[:, 1:] * made[:, :-1]).sum(2)
    torch.testing.assert_close(cosines, cosines[:, :1].expand(-1, 8), rtol=1e-4, atol=1e-5)


def test_slerp_between_parallel_latents_is_the_line() -> None:
    start = latents(3)
    torch.testing.assert_close(
        interpolation.slerp(start, 2 * start, 5), interpolation.lerp(start, 2 * start, 5)
    )


def test_perturb_is_the_reports_loop() -> None:
    start = latents(3, 100)
    shifts = config.read("report/gan.yaml").perturb
    z = start.clone()
    z[:, 0:100:4] -= 1
    z[:, 1:100:5] += 1
    frames = []
    for _ in range(21):
        frames.append(z.clone())
        z[:, 0:50:4] += 0.1
        z[:, 1:51:5] -= 0.1
    torch.testing.assert_close(interpolation.perturb(start, shifts, 21), torch.stack(frames, 1))


def test_perturb_by_default_is_that_of_the_reports_vae() -> None:
    start = torch.zeros(1, 20)
    made = interpolation.perturb(start, SHIFTS, 21)[0]
    assert made[0, :8].tolist() == [-1, 1] * 4
    torch.testing.assert_close(made[20, :8], torch.tensor([1.0, -1.0] * 4))
    assert not made[:, 8:].any()


def test_perturb_that_moves_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="30:40 selects none of the 6"):
        interpolation.perturb(latents(2), [Shift(dims="30:40", start=0, step=1)], 3)
    few = [Shift(dims="0::4", start=0, step=1), Shift(dims="30::4", start=0, step=1)]
    assert interpolation.perturb(latents(2), few, 3)[0, 2, 0] == latents(2)[0, 0] + 2


def test_samples_depend_on_seed_and_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = GAN((1, 8, 8), latent_dim=3, network=MLP((5,)), dropout=0.5).eval()
    whole = torch.cat(list(sampling.sample(model, 1203, seed=4)))
    assert whole.shape == (1203, 1, 8, 8)
    torch.testing.assert_close(torch.cat(list(sampling.sample(model, 30, seed=4))), whole[:30])
    assert not torch.equal(whole[:30], torch.cat(list(sampling.sample(model, 30, seed=5))))
    assert [len(block) for block in sampling.latents(model, 1203, 4)] == [500, 500, 203]


def test_encoding_needs_an_encoder() -> None:
    images = torch.rand(3, 1, 8, 8)
    vae = VAE((1, 8, 8), 4, MLP((5,)))
    assert sampling.encode(vae, images).shape == (3, 4)
    assert sampling.reconstruct(vae, images).shape == images.shape
    with pytest.raises(InputError, match="GAN has no encoder"):
        sampling.encode(GAN((1, 8, 8), 4, MLP((5,))), images)


# Pictures.


def test_bytes_are_rounded_not_stretched() -> None:
    images = torch.tensor([0.0, 0.5, 1.0, 0.2, -1.0, 2.0]).view(1, 1, 2, 3)
    assert pictures.to_uint8(images).flatten().tolist() == [0, 128, 255, 51, 0, 255]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_holds_its_images(channels: int, tmp_path: Path) -> None:
    images = torch.randint(0, 256, (5, channels, 6, 4), dtype=torch.uint8)
    sheet = pictures.grid(images, columns=3, enlarge=False)
    gap = pictures.GAP
    assert sheet.shape == (channels, 2 * (6 + gap) + gap, 3 * (4 + gap) + gap)
    assert torch.equal(sheet[:, gap + 8 : gap + 14, gap + 6 : gap + 10], images[4])
    pictures.save_png(sheet, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as read:
        array = np.asarray(read).reshape(*sheet.shape[1:], channels)
    np.testing.assert_array_equal(array, sheet.permute(1, 2, 0).numpy())


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_arrays(suffix: str, tmp_path: Path) -> None:
    images = torch.rand(7, 3, 5, 4)
    path = tmp_path / f"a{suffix}"
    formats.save_images(images.split(3), 7, path)
    loaded = np.load(path)
    array = loaded["images"] if suffix == ".npz" else loaded
    np.testing.assert_array_equal(array, pictures.to_uint8(images).numpy())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_gif_runs_there_and_back(tmp_path: Path) -> None:
    frames = [torch.full((1, 4, 4), value) for value in (0.0, 0.5, 1.0)]
    pictures.save_gif(frames, tmp_path / "a.gif", seconds=0.1)
    with Image.open(tmp_path / "a.gif") as gif:
        levels = []
        for index in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(index)
            levels.append(round(np.asarray(gif.convert("L")).mean() / 255, 1))
            assert gif.info["duration"] == 100
    assert levels == [0.0, 0.5, 1.0, 0.5]
