#!/bin/sh
# Lightning's EMAWeightAveraging never updates a GAN's average for an even update_every_n_steps: fit() ends with untrained weights.
#
# Who meets it: whoever trains a GAN with two optimizers in Lightning (manual optimization, as Lightning's own GAN examples do)
# and wants the usual moving average of the generator, updated each 2, 10 or 100 steps to save time.
# Guess before the run: the average follows the weights a little less closely, and after fit() the generator has the average, as
# https://lightning.ai/docs/pytorch/stable/api/lightning.pytorch.callbacks.WeightAveraging.html says.
# Seen (lightning 2.6.6): with 1 and 3 it is so. With 2, 4 and 10 there is no update at all, and what the callback puts in the
# model for each validation, at the end of fit() and in the checkpoint's state_dict is the network as it was before training.
# Neither a warning nor a log line tells. With one optimizer 2, 4 and 10 are right.
# Why: the callback asks once a batch whether global_step - 1 is a multiple of N, and each of the two optimizers counts up
# global_step (https://github.com/Lightning-AI/pytorch-lightning/issues/17958), so that what it asks about is 1, 3, 5, and so on.
# Way out: an odd N, or should_update() overridden. (torch 2.15.0, tried once by hand: the same.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lightning==2.6.6 torch==2.13.0 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from torch.nn.functional import softplus

torch.set_num_threads(1)
BATCHES, DECAY = 60, 0.5
print("lightning", lightning.__version__, "torch", torch.__version__)


class Gan(lightning.LightningModule):
    """Two small networks; either each has an optimizer, or one optimizer has both."""

    def __init__(self, optimizers):
        super().__init__()
        self.automatic_optimization = False
        self.count = optimizers
        self.generator = torch.nn.ConvTranspose2d(4, 1, 4, bias=False)
        self.discriminator = torch.nn.Conv2d(1, 1, 4)
        self.history = []
        self.validated = []

    def configure_optimizers(self):
        nets = self.generator, self.discriminator
        if self.count == 1:
            return torch.optim.Adam(self.parameters(), 0.01)
        return [torch.optim.Adam(net.parameters(), 0.01) for net in nets]

    def step(self, optimizer, loss):
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def training_step(self, batch, index):
        fake = self.generator(torch.randn(len(batch), 4, 1, 1))
        if self.count == 1:
            self.step(self.optimizers(), softplus(-self.discriminator(batch)).mean() + softplus(-self.discriminator(fake)).mean())
        else:
            g, d = self.optimizers()
            real, false = self.discriminator(batch), self.discriminator(fake.detach())
            self.step(d, softplus(-real).mean() + softplus(false).mean())
            self.step(g, softplus(-self.discriminator(fake)).mean())
        self.history.append(self.generator.weight.detach().clone())

    def validation_step(self, batch, index):
        self.validated.append(self.generator.weight.detach().clone())


def by_hand(history, first, every):
    """The moving average of every so many batches' weights, started with the first of them."""
    average = history[first].clone()
    for weight in history[first + every::every]:
        average = DECAY * average + (1 - DECAY) * weight
    return average


for optimizers, n in (2, 1), (2, 3), (2, 2), (2, 4), (2, 10), (1, 2), (1, 4), (1, 10):
    torch.manual_seed(0)
    gan = Gan(optimizers)
    start = gan.generator.weight.detach().clone()
    callback = EMAWeightAveraging(decay=DECAY, update_every_n_steps=n)
    keep = ModelCheckpoint(dirpath="kept-%d-%d" % (optimizers, n), save_last=True)
    trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", logger=False, callbacks=[callback, keep], num_sanity_val_steps=0,
                                enable_progress_bar=False, enable_model_summary=False)
    pictures = torch.utils.data.DataLoader(torch.randn(BATCHES * 8, 1, 4, 4), batch_size=8)
    trainer.fit(gan, pictures, torch.utils.data.DataLoader(torch.randn(8, 1, 4, 4), batch_size=8))
    end = gan.generator.weight.detach()
    kept = torch.load(keep.last_model_path, weights_only=True)["state_dict"]["generator.weight"]
    moved, end_moved = (float((w - start).abs().max()) for w in (gan.history[-1], end))
    updates = int(callback._average_model.n_averaged)
    print("%d optimizer(s), update_every_n_steps=%d: %d updates in %d batches; training moved the generator by %.3f, "
          "after fit() it is %.3f from the start" % (optimizers, n, updates, BATCHES, moved, end_moved))
    assert trainer.global_step == optimizers * BATCHES and moved > 0.1, "the behaviour has changed"
    assert torch.equal(kept, end) and torch.equal(gan.validated[-1], end), "the behaviour has changed"
    if optimizers == 2 and n % 2 == 0:
        assert torch.equal(end, start) and updates == 0, "the behaviour has changed"
    else:
        first = n // 2 if optimizers == 2 else 0
        assert torch.allclose(end, by_hand(gan.history, first, n), atol=1e-6), "the behaviour has changed"
        assert end_moved > 0.7 * moved, "the behaviour has changed"
P
if grep -iE 'averag|\bema\b|update_every' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
